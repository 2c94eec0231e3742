// Writes CacheNodes as the plan says.
#pragma once

#include "kube/kube_client.h"
#include "operator/cachenodes/cache_node_reconciler.h"
#include "operator/cluster_view.h"
#include "operator/controller.h"

namespace ballast::controller {

class CacheNodeController {
 public:
  // All of it outlives this.
  CacheNodeController(KubeClient& client, ClusterView& view, const Clock& clock, const PlacementBoard& board);

  void Add(const std::string& node) { controller_.Add(node); }
  void Run(int workers, const std::stop_token& stop) { controller_.Run(workers, stop); }
  int Drain() { return controller_.Drain(); }
  Controller& controller() { return controller_; }

 private:
  Result<RequeueAfter> Reconcile(const std::string& node, const std::stop_token& stop);
  Status Execute(const CacheNodeObserved& observed, const CacheNodeAction& action, const std::stop_token& stop);

  KubeClient& client_;
  ClusterView& view_;
  const PlacementBoard& board_;
  Controller controller_;
};

}  // namespace ballast::controller
