// Asks origins on threads of its own, each question once, and keeps the last answer for each cache.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/worker_pool.h"
#include "kube/kube_client.h"
#include "operator/resolver/resolve_request.h"

namespace ballast::controller {

// Thread-safe.
class RevisionResolver {
 public:
  struct Parts {
    KubeClient& client;  // for the Secrets
    const Clock& clock;
    RevisionSource source;
    std::string operator_ns;
    std::function<void(const std::string& cache)> on_answer;  // on a thread of the resolver
    int threads = 4;
  };

  explicit RevisionResolver(Parts parts);

  ResolveState StateOf(const std::string& cache) const;
  // Asks, unless just that is being asked for this cache.
  void Ask(const std::string& cache, const ResolveRequest& request);
  void Forget(const std::string& cache);
  // Questions whose answer was not told yet.
  int outstanding() const { return outstanding_; }

 private:
  void Answer(const std::string& cache, const ResolveRequest& request, const std::stop_token& stop);
  ResolveAnswer Find(const ResolveRequest& request, const std::stop_token& stop) const;
  ResolveFailure SecretFailure(const SecretKey& key, const Status& error) const;

  const Parts parts_;
  mutable Mutex mutex_;
  std::map<std::string, ResolveState> states_ GUARDED_BY(mutex_);
  std::atomic<int> outstanding_ = 0;
  WorkerPool pool_;  // last: its threads use the rest
};

// Why an origin did not answer.
ResolveFailure OriginFailure(const Status& error);

}  // namespace ballast::controller
