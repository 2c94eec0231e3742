// Writes what CachePolicies show.
#pragma once

#include "kube/kube_client.h"
#include "operator/cluster_view.h"
#include "operator/controller.h"
#include "operator/placement/placement_board.h"

namespace ballast::controller {

class PolicyController {
 public:
  // All of it outlives this.
  PolicyController(KubeClient& client, ClusterView& view, const Clock& clock, const PlacementBoard& board);

  void Add(const std::string& policy) { controller_.Add(policy); }
  void Run(const std::stop_token& stop) { controller_.Run(1, stop); }
  int Drain() { return controller_.Drain(); }
  Controller& controller() { return controller_; }

 private:
  Result<RequeueAfter> Reconcile(const std::string& policy, const std::stop_token& stop);

  KubeClient& client_;
  ClusterView& view_;
  const Clock& clock_;
  const PlacementBoard& board_;
  Controller controller_;
};

}  // namespace ballast::controller
