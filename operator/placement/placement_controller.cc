#include "operator/placement/placement_controller.h"

#include <utility>

namespace ballast::controller {
namespace {

constexpr char kKey[] = "cluster";
constexpr Duration kLeastPause = std::chrono::milliseconds(50);
constexpr Duration kMostPause = std::chrono::seconds(2);
constexpr int kPauseFactor = 4;  // planning takes a fifth of a core at most

using CacheNodesByName = std::map<std::string_view, std::shared_ptr<const CacheNode>>;

CacheNodesByName ByName(const std::vector<std::shared_ptr<const CacheNode>>& nodes) {
  CacheNodesByName by_name;
  for (const auto& node : nodes) by_name[node->metadata.name] = node;
  return by_name;
}

bool IsAs(const CacheNode& cache_node, const NodeFacts& node, const CacheNodeSpec& spec) {
  return IsOwnedBy(cache_node.metadata, node.uid) && cache_node.spec == spec;
}

}  // namespace

PlacementController::PlacementController(ClusterView& view, const Clock& clock, PlacementBoard& board,
                                         PlanListeners listeners)
    : view_(view),
      clock_(clock),
      board_(board),
      listeners_(std::move(listeners)),
      pause_(kLeastPause),
      controller_("placement", clock, [this](const std::string&, const std::stop_token&) { return Plan(); }) {}

void PlacementController::Trigger() { controller_.AddAfter(kKey, pause_.load()); }

ClusterObserved PlacementController::Observe() const {
  ClusterObserved observed{.caches = view_.caches().List(),
                           .unread_caches = view_.Unread(Kind::kCache),
                           .policies = view_.policies().List(),
                           .unread_policies = view_.Unread(Kind::kPolicy),
                           .nodes = view_.nodes().List(),
                           .cache_nodes = view_.cache_nodes().List(),
                           .namespaces = view_.namespaces().List(),
                           .volumes = view_.volumes().List(),
                           .now = std::chrono::floor<std::chrono::seconds>(clock_.Now())};
  for (const auto& [node, agent] : view_.Agents()) observed.agents.insert(node);
  return observed;
}

Result<RequeueAfter> PlacementController::Plan() {
  const SteadyTime begin = clock_.Steady();
  const ClusterObserved observed = Observe();
  const auto before = board_.Read();
  const auto now = WhatChanges(PlanCluster(observed), observed);
  board_.Write(now);
  Tell(*before, *now);
  listeners_.plan(*now);
  pause_ = std::clamp<Duration>((clock_.Steady() - begin) * kPauseFactor, kLeastPause, kMostPause);
  const auto& next = now->large_evictions.next;
  return next ? RequeueAfter(std::max<Duration>(*next - observed.now, kMostPause)) : RequeueAfter();
}

void PlacementController::Tell(const BoardState& before, const BoardState& now) const {
  for (const auto& [name, decision] : now.caches) {
    const auto found = before.caches.find(name);
    if (found == before.caches.end() || found->second != decision) listeners_.cache(name);
  }
  for (const auto& [name, node] : now.nodes) listeners_.node(name);
  for (const BoardState* state : {&before, &now}) {
    for (const auto& [name, eviction] : state->large_evictions.of_policy) listeners_.policy(name);
  }
  for (const PolicyChoice* choice : {&before.policies, &now.policies}) {
    for (const auto& [name, count] : choice->nodes) listeners_.policy(name);
    for (const auto& [name, others] : choice->conflicts) listeners_.policy(name);  // may govern no node
  }
}

std::shared_ptr<const BoardState> WhatChanges(Placement placement, const ClusterObserved& observed) {
  auto state = std::make_shared<BoardState>();
  state->caches = std::move(placement.caches);
  state->policies = std::move(placement.policies);
  state->large_evictions = std::move(placement.large_evictions);
  const auto there = ByName(observed.cache_nodes);
  for (const auto& node : observed.nodes) {
    const auto planned = placement.nodes.find(node->name);
    if (planned == placement.nodes.end()) continue;
    const auto found = there.find(node->name);
    if (found == there.end()) {
      state->nodes[node->name] = {std::move(planned->second), "", ""};
    } else if (!IsAs(*found->second, *node, *planned->second)) {
      const ObjectMeta& from = found->second->metadata;
      state->nodes[node->name] = {std::move(planned->second), from.uid, from.resource_version};
    }
  }
  return state;
}

}  // namespace ballast::controller
