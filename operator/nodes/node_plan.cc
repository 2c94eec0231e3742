#include "operator/nodes/node_plan.h"

#include <algorithm>

#include "base/strings.h"
#include "core/digest.h"

namespace ballast::controller {
namespace {

constexpr size_t kMaxLabelName = 63;
constexpr size_t kHashDigits = 8;
constexpr std::string_view kGroup = "ballast.dev/";

std::string NameOf(const ModelCache& cache) {
  return ObjectName{cache.cluster_scoped ? "" : cache.metadata.object_namespace, cache.metadata.name}.ToString();
}

// Null also where it is another node's, which had the same name.
const CacheNode* CacheNodeOf(const NodeObserved& observed) {
  const CacheNode* cache_node = observed.cache_node.get();
  return cache_node != nullptr && IsOwnedBy(cache_node->metadata, observed.node.uid) ? cache_node : nullptr;
}

bool CanEverFit(const ModelCache& cache, const CacheNode& node) {
  const uint64_t quota = node.spec.policy.quota_bytes;
  return quota == 0 || cache.status.revision.current.bytes <= quota;
}

bool MustBeWarm(const ModelCache& cache, const CacheNode& on, const NodeFacts& node) {
  if (!cache.spec.nodes || !cache.spec.nodes->required || cache.spec.suspend) return false;
  if (cache.metadata.deletion_timestamp) return false;
  const auto& selector = cache.spec.nodes->selector;
  if (selector && !selector->Matches(node.labels)) return false;
  if (!CanEverFit(cache, on)) return false;
  const auto& refused = on.spec.refused;
  return std::none_of(refused.begin(), refused.end(), [&](const auto& r) { return r.cache == NameOf(cache); });
}

const CacheEntryStatus* StatusOf(const CacheEntry& entry, const CacheNode& node) {
  const auto& all = node.status.caches;
  const auto found = std::find_if(all.begin(), all.end(), [&](const CacheEntryStatus& status) {
    return status.cache == entry.cache && status.manifest == entry.manifest;
  });
  return found == all.end() ? nullptr : &*found;
}

bool IsWarm(const CacheEntry& entry, const CacheNode& node) {
  const CacheEntryStatus* status = StatusOf(entry, node);
  return status != nullptr && status->phase == CachePhase::kReady;
}

std::string WhyCold(const std::string& cache, const CacheNode& node) {
  const auto& all = node.spec.caches;
  const auto entry = std::find_if(all.begin(), all.end(),
                                  [&](const CacheEntry& e) { return e.cache == cache && e.pinned && e.current; });
  if (entry == all.end()) return cache + " (not assigned yet)";
  if (IsWarm(*entry, node)) return "";
  const CacheEntryStatus* status = StatusOf(*entry, node);
  return status == nullptr || status->reason.empty() ? cache : StrCat(cache, " (", status->reason, ")");
}

std::string WhyAgentNotReady(const CacheNode& node) {
  const Condition* ready = FindCondition(node.status.conditions, ConditionType::kReady);
  if (ready == nullptr) return "the node's agent has not reported yet";
  if (ready->status == ConditionStatus::kTrue) return "";
  return StrCat("the node's agent does not serve: ", ready->reason);
}

NodeEvent RemovedEvent(const NodeObserved& observed, const std::string& missing) {
  if (missing.empty()) return {false, "StartupTaintRemoved", "the node's agent serves, and what is required is warm"};
  return {true, "StartupTaintTimeout",
          StrCat("removed the startup taint after ", FormatDuration(observed.rules.max_wait), " although ", missing)};
}

void PlanTaint(const NodeObserved& observed, NodePlan& plan) {
  if (!HasStartupTaint(observed.node)) return;
  const std::string missing = WhyNotReady(observed);
  const Timestamp born = observed.node.created.value_or(observed.now);
  const auto left = std::chrono::ceil<std::chrono::seconds>(born + observed.rules.max_wait - observed.now);
  if (!missing.empty() && left > std::chrono::seconds::zero()) {
    plan.look_again = left;
    return;
  }
  plan.remove_taint = true;
  plan.event = RemovedEvent(observed, missing);
}

Labels WarmLabels(const NodeObserved& observed) {
  Labels labels;
  const CacheNode* node = CacheNodeOf(observed);
  if (!observed.rules.warm_labels || node == nullptr) return labels;
  for (const CacheEntry& entry : node->spec.caches) {
    if (entry.current && IsWarm(entry, *node)) labels[WarmLabel(entry.cache)] = kWarmLabelValue;
  }
  return labels;
}

Labels WarmOf(const Labels& all) {
  Labels warm;
  for (const auto& [key, value] : all) {
    if (key.starts_with(kWarmLabelPrefix)) warm[key] = value;
  }
  return warm;
}

Json LabelChanges(const Labels& before, const Labels& after) {
  Json changes = Json::object();
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) changes[key] = nullptr;
  }
  for (const auto& [key, value] : after) {
    const auto found = before.find(key);
    if (found == before.end() || found->second != value) changes[key] = value;
  }
  return changes;
}

// Null: none is left. Nothing: none goes.
std::optional<Json> TaintsWithout(const Json& node) {
  const Json& taints = ChildAt(node, "/spec/taints");
  Json rest = Json::array();
  for (const Json& taint : taints) {
    if (StringAt(taint, "/key") != kStartupTaint) rest.push_back(taint);
  }
  if (rest.size() == taints.size()) return std::nullopt;
  return rest.empty() ? Json() : rest;
}

}  // namespace

std::string WhyNotReady(const NodeObserved& observed) {
  const CacheNode* node = CacheNodeOf(observed);
  if (node == nullptr) return "the node's agent has not reported yet";
  std::string agent = WhyAgentNotReady(*node);
  if (!agent.empty()) return agent;
  std::vector<std::string> cold;
  for (const auto& cache : observed.caches) {
    const std::string why = MustBeWarm(*cache, *node, observed.node) ? WhyCold(NameOf(*cache), *node) : "";
    if (!why.empty()) cold.push_back(why);
  }
  return cold.empty() ? "" : StrCat("these required caches are not warm: ", Join(cold, ", "));
}

NodePlan PlanNode(const NodeObserved& observed) {
  NodePlan plan{.warm = WarmLabels(observed)};
  PlanTaint(observed, plan);
  return plan;
}

std::string WarmLabel(const std::string& cache) {
  std::string name = cache;
  std::replace(name.begin(), name.end(), '/', '_');
  const size_t most = kMaxLabelName - (std::string_view(kWarmLabelPrefix).size() - kGroup.size());
  if (name.size() > most)
    name = StrCat(name.substr(0, most - kHashDigits - 1), "_", Digest::Of(cache).Hex().substr(0, kHashDigits));
  return kWarmLabelPrefix + name;
}

bool IsDone(const NodeFacts& node, const NodePlan& plan) {
  return !(plan.remove_taint && HasStartupTaint(node)) && WarmOf(node.labels) == plan.warm;
}

std::optional<Json> PatchOf(const Json& node, const NodePlan& plan) {
  Json patch = {{"metadata", {{"resourceVersion", ResourceVersionOf(node)}}}};
  const NodeFacts facts = NodeFromJson(node);
  const Json labels = LabelChanges(WarmOf(facts.labels), plan.warm);
  if (!labels.empty()) patch["metadata"]["labels"] = labels;
  const std::optional<Json> taints = plan.remove_taint ? TaintsWithout(node) : std::nullopt;
  if (taints) patch["spec"]["taints"] = *taints;
  if (labels.empty() && !taints) return std::nullopt;
  return patch;
}

}  // namespace ballast::controller
