// Takes the startup taint off nodes that are ready for models, and keeps the labels of warm models where they are asked
// for (warmLabels).
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/mutex.h"
#include "operator/controller.h"
#include "operator/leader_task.h"
#include "operator/nodes/node_plan.h"

namespace ballast::controller {

// Keys: names of nodes.
class NodeController final : public LeaderTask {
 public:
  explicit NodeController(const LeaderContext& context);

  void Run(const std::stop_token& lost) override;

  // All that is there already, since a subscription tells only of what changes.
  void AddAll();
  Controller& controller() { return controller_; }

 private:
  void See(const ObjectSeen& seen);
  Result<RequeueAfter> Reconcile(const std::string& name, const std::stop_token& stop);
  // While a node has the taint, changes of caches come back to it.
  void Remember(const NodeFacts& node) EXCLUDES(mutex_);
  void Forget(const std::string& name) EXCLUDES(mutex_);
  NodeObserved Observe(const NodeFacts& node) const;
  Status Execute(const NodePlan& plan, const std::string& name, const std::stop_token& stop) const;

  const LeaderContext context_;
  const NodeRules rules_;
  mutable Mutex mutex_;
  std::set<std::string> tainted_ GUARDED_BY(mutex_);
  Controller controller_;
  std::shared_ptr<void> subscription_;  // last: it calls the rest
};

}  // namespace ballast::controller
