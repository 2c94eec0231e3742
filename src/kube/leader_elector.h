// One leader among the processes that share a Lease.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/mutex.h"
#include "kube/kube_client.h"
#include "kube/lease_record.h"
#include "kube/pause.h"

namespace ballast {

struct ElectionOptions {
  ObjectName lease;
  std::string identity;  // of this process, unlike that of any other: pod name and a random part
  ElectionTimes times;
  Pause pause = RealPause();
};

// Work of a leader. Returns soon after `lost` is requested.
using LeaderWork = std::function<void(const std::stop_token& lost)>;

class LeaderElector {
 public:
  // Both outlive it.
  LeaderElector(KubeClient& client, const Clock& clock, ElectionOptions options);

  // Competes until `stop` is requested. While it leads, `work` runs on a thread of its own; when the lease was not
  // renewed for `renew_deadline`, or another holds it, the work is stopped and waited for, and the competition begins
  // anew. Work that returns by itself ends it too. At the end the lease is released, so that the next leader need not
  // wait. Call once.
  void Run(const std::stop_token& stop, const LeaderWork& work);

  // Whether it may act as the leader now: false as soon as renew_deadline has passed, whatever the network does.
  // Thread-safe.
  bool IsLeader() const;

 private:
  // One look at the lease and what follows from it. OK: it is ours for another while.
  Status TryLead(const std::stop_token& stop);
  Status Look(const std::stop_token& stop);
  Status Hold(const std::stop_token& stop);
  // True: the work has returned by itself.
  bool Lead(const std::stop_token& stop, const LeaderWork& work);
  // Renews until it can't, or `over`.
  void KeepLease(const std::stop_token& over);
  void Release();
  CallLimits Limits(const std::stop_token& stop) const;
  void SetHeldUntil(std::optional<SteadyTime> until);
  std::optional<SteadyTime> HeldUntil() const;

  KubeClient& client_;
  const Clock& clock_;
  const ElectionOptions options_;
  Json lease_;  // as last read or written; null: none. Run()'s thread only, like the next
  std::optional<LeaseSighting> seen_;
  mutable Mutex mutex_;
  std::optional<SteadyTime> held_until_ GUARDED_BY(mutex_);
};

}  // namespace ballast
