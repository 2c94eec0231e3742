// Keeps the cache's leases in step with the mounts: ballast-csi alone sees both. A lease without a mount is one of a
// publish that is still waiting, or one that could not be given back; the second kind is released.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "csi/cache_client.h"
#include "csi/key_locks.h"
#include "csi/mount/mounter.h"

namespace ballast::driver {

// A lease as the reconciliation finds it.
struct LeaseFacts {
  LeaseKey key;
  bool mounted = false;       // a view of ours is at its target
  bool parent_exists = true;  // of the target; the kubelet removes it when the volume is gone
  bool given_up = false;      // an unpublish or a final error meant to release it
  Duration unused{0};         // since a publish last asked for it, or since this process first saw it
};

// Longer than the kubelet's longest pause between two attempts (122 s) and the attempt itself (120 s).
constexpr std::chrono::minutes kLeasePatience{10};

// Pure: true where nobody will come back for the lease.
bool IsAbandoned(const LeaseFacts& lease);

// Thread-safe. References must outlive it.
class LeaseKeeper {
 public:
  LeaseKeeper(CacheClient& cache, Mounter& mounter, KeyLocks& locks, const Clock& clock)
      : cache_(cache), mounter_(mounter), locks_(locks), clock_(clock) {}

  // A publish asks for this lease now.
  void Touch(const LeaseKey& key);
  // Releases at once; where the cache does not answer, each reconciliation tries again.
  void GiveUp(const LeaseKey& key);
  // One comparison of leases and mounts; returns how many leases it released.
  Result<int> Reconcile();

  // Leases that still wait to be given back.
  size_t pending() const;

 private:
  LeaseFacts FactsOf(const LeaseKey& key, const std::set<std::string>& mounted);
  Result<std::set<std::string>> MountedTargets();
  bool ReleaseIfAbandoned(const LeaseKey& key, const std::set<std::string>& mounted);
  void Forget(const std::vector<LeaseKey>& leases);

  CacheClient& cache_;
  Mounter& mounter_;
  KeyLocks& locks_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<LeaseKey, SteadyTime> last_used_ GUARDED_BY(mutex_);
  std::set<LeaseKey> given_up_ GUARDED_BY(mutex_);
};

}  // namespace ballast::driver
