#include "operator/nodes/node_controller.h"

#include <algorithm>
#include <utility>

#include "base/logging.h"

namespace ballast::controller {
namespace {

constexpr int kWorkers = 4;

NodeRules RulesOf(const OperatorConfig& config) {
  return {.max_wait = config.startup_taint.max_wait, .warm_labels = config.warm_labels};
}

}  // namespace

NodeController::NodeController(const LeaderContext& context)
    : context_(context),
      rules_(RulesOf(context.config)),
      controller_("nodes", context.clock,
                  [this](const std::string& key, const std::stop_token& stop) { return Reconcile(key, stop); }),
      subscription_(context.view.Subscribe([this](const ObjectSeen& seen) { See(seen); })) {}

void NodeController::Run(const std::stop_token& lost) {
  AddAll();
  controller_.Run(kWorkers, lost);
}

void NodeController::AddAll() {
  for (const auto& node : context_.view.nodes().List()) controller_.Add(node->name);
}

void NodeController::See(const ObjectSeen& seen) {
  if (seen.kind == Kind::kNode || seen.kind == Kind::kCacheNode) controller_.Add(seen.name.name);
  if (seen.kind != Kind::kCache) return;
  MutexLock lock(mutex_);
  for (const std::string& node : tainted_) controller_.Add(node);
}

void NodeController::Remember(const NodeFacts& node) {
  MutexLock lock(mutex_);
  if (HasStartupTaint(node)) {
    tainted_.insert(node.name);
  } else {
    tainted_.erase(node.name);
  }
}

void NodeController::Forget(const std::string& name) {
  MutexLock lock(mutex_);
  tainted_.erase(name);
}

NodeObserved NodeController::Observe(const NodeFacts& node) const {
  NodeObserved observed{.node = node,
                        .cache_node = context_.view.cache_nodes().Get(node.name),
                        .rules = rules_,
                        .now = std::chrono::floor<std::chrono::seconds>(context_.clock.Now())};
  if (!HasStartupTaint(node)) return observed;
  for (const auto& cache : context_.view.caches().List()) {
    if (cache->spec.nodes && cache->spec.nodes->required) observed.caches.push_back(cache);
  }
  return observed;
}

Result<RequeueAfter> NodeController::Reconcile(const std::string& name, const std::stop_token& stop) {
  const auto node = context_.view.nodes().Get(name);
  if (!node) {
    Forget(name);
    return RequeueAfter();
  }
  Remember(*node);
  const NodePlan plan = PlanNode(Observe(*node));
  if (!IsDone(*node, plan)) RETURN_IF_ERROR(Execute(plan, name, stop));
  return plan.look_again ? RequeueAfter(*plan.look_again) : RequeueAfter();
}

// From the node as it is now: what informers keep of it is too little for a patch of its taints.
Status NodeController::Execute(const NodePlan& plan, const std::string& name, const std::stop_token& stop) const {
  const auto node = context_.client.Get(kNodes, {"", name}, stop);
  if (node.status().code() == StatusCode::kNotFound) return OkStatus();
  RETURN_IF_ERROR(node.status());
  const auto patch = PatchOf(*node, plan);
  if (!patch) return OkStatus();
  const auto patched = context_.client.Patch(kNodes, {"", name}, *patch, Subresource::kNone, stop);
  RETURN_IF_ERROR(patched.status());
  if (!patch->contains("spec")) return OkStatus();
  LOG(INFO) << Message("Removed the startup taint").With("node", name).With("reason", plan.event->note);
  context_.events.Record({.regarding = RegardingOf(*node),
                          .warning = plan.event->warning,
                          .reason = plan.event->reason,
                          .action = "RemoveStartupTaint",
                          .note = plan.event->note});
  return OkStatus();
}

}  // namespace ballast::controller
