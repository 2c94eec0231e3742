// The leader's work on caches, policies and CacheNodes: the controllers, and what wakes which.
#pragma once

#include <memory>

#include "operator/cachenodes/cache_node_controller.h"
#include "operator/caches/cache_controller.h"
#include "operator/leader_task.h"
#include "operator/operator_metrics.h"
#include "operator/placement/placement_controller.h"
#include "operator/policies/policy_controller.h"

namespace ballast::controller {

class CacheTask final : public LeaderTask {
 public:
  // `agents` may be null: then progress is what CacheNodes say, whole revisions.
  CacheTask(const LeaderContext& context, RevisionSource source, AgentProgress* agents = nullptr);
  ~CacheTask() override;

  void Run(const std::stop_token& lost) override;

  // All that is there, as if it had just changed. Then, for tests: everything that is due, on this thread; how many
  // keys were worked on.
  void Begin();
  int Drain();
  int outstanding() const { return caches_.outstanding(); }

 private:
  void Wake(const ObjectSeen& seen);
  void PollAgents(const std::stop_token& lost);

  ClusterView& view_;
  PlacementBoard board_;
  AgentProgress* const agents_;
  ProgressBook progress_;
  PolicyController policies_;
  CacheNodeController cache_nodes_;
  CacheController caches_;
  PlacementMetrics metrics_;
  PlacementController placement_;
  std::shared_ptr<void> subscription_;  // last: it wakes the rest
};

}  // namespace ballast::controller
