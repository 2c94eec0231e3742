// Plans anew after each change of the cluster, and tells the other controllers what follows from it.
#pragma once

#include <memory>

#include "operator/cluster_view.h"
#include "operator/controller.h"
#include "operator/placement/placement_board.h"

namespace ballast::controller {

// What a new plan concerns.
struct PlanListeners {
  std::function<void(const std::string& cache)> cache;    // its decision is another
  std::function<void(const std::string& node)> node;      // its CacheNode is not as it shall be
  std::function<void(const std::string& policy)> policy;  // it governs other nodes
  std::function<void(const BoardState& board)> plan;      // on the planner's thread
};

class PlacementController {
 public:
  // All of it outlives this.
  PlacementController(ClusterView& view, const Clock& clock, PlacementBoard& board, PlanListeners listeners);

  // Changes come in crowds: a plan waits for more of them, the longer the last one took to make.
  void Trigger();
  void Run(const std::stop_token& stop) { controller_.Run(1, stop); }
  int Drain() { return controller_.Drain(); }
  Controller& controller() { return controller_; }

 private:
  Result<RequeueAfter> Plan();
  ClusterObserved Observe() const;
  void Tell(const BoardState& before, const BoardState& now) const;

  ClusterView& view_;
  const Clock& clock_;
  PlacementBoard& board_;
  const PlanListeners listeners_;
  std::atomic<Duration> pause_;
  Controller controller_;  // last: it uses the rest
};

// What `placement` says, without the nodes that are so already.
std::shared_ptr<const BoardState> WhatChanges(Placement placement, const ClusterObserved& observed);

}  // namespace ballast::controller
