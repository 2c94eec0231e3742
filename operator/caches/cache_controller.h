// Carries out what ReconcileCache() says, for both kinds of cache.
#pragma once

#include <map>
#include <string>

#include "base/mutex.h"
#include "kube/event_recorder.h"
#include "kube/kube_client.h"
#include "operator/agents/agent_progress.h"
#include "operator/caches/cache_reconciler.h"
#include "operator/cluster_view.h"
#include "operator/controller.h"
#include "operator/placement/placement_board.h"
#include "operator/resolver/revision_resolver.h"

namespace ballast::controller {

class CacheController {
 public:
  // All of it outlives this.
  struct Parts {
    KubeClient& client;
    ClusterView& view;
    const Clock& clock;
    const PlacementBoard& board;
    EventRecorder& events;
    RevisionSource source;
    const ProgressBook& progress;
    std::string operator_ns;
    Duration poll = std::chrono::minutes(5);
  };

  explicit CacheController(const Parts& parts);

  // By its name, as in CacheNodes.
  void Add(const std::string& cache) { controller_.Add(cache); }
  void Run(int workers, const std::stop_token& stop) { controller_.Run(workers, stop); }
  int Drain() { return controller_.Drain(); }
  Controller& controller() { return controller_; }
  int outstanding() const { return resolver_.outstanding(); }  // questions to origins

 private:
  Result<RequeueAfter> Reconcile(const std::string& name, const std::stop_token& stop);
  CacheObserved Observe(const std::string& name, const ModelCache& cache) const;
  Status Execute(const std::shared_ptr<const ModelCache>& cache, const CacheAction& action,
                 const std::stop_token& stop);
  Status SetFinalizers(const std::shared_ptr<const ModelCache>& cache, const std::vector<std::string>& finalizers,
                       const std::stop_token& stop);
  Status WriteStatus(const std::shared_ptr<const ModelCache>& cache, const ModelCacheStatus& status,
                     const std::stop_token& stop);
  void Forget(const std::string& name) EXCLUDES(mutex_);

  const Parts parts_;
  mutable Mutex mutex_;
  std::map<std::string, Timestamp> written_ GUARDED_BY(mutex_);  // when a status was
  Controller controller_;
  RevisionResolver resolver_;  // last: its threads call the controller
};

}  // namespace ballast::controller
