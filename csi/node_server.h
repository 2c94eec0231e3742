// The Node service without gRPC: publish, unpublish, stats. One file per operation.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "csi/cache_client.h"
#include "csi/key_locks.h"
#include "csi/lease_keeper.h"
#include "csi/mount/mounter.h"
#include "csi/publish_plan.h"
#include "csi/publish_request.h"

namespace ballast::driver {

// How the caller waits.
struct CallContext {
  std::optional<SteadyTime> deadline;
  std::function<bool()> cancelled = [] { return false; };
};

struct VolumeStats {
  DiskUsage usage;  // of the cache's file system
  bool abnormal = false;
  std::string message;  // the volume's condition, for people
};

// Thread-safe. References must outlive it. Two operations on one target path at the same time: the second gets Aborted.
class NodeServer {
 public:
  struct Parts {
    CacheClient& cache;
    Mounter& mounter;
    KeyLocks& locks;
    LeaseKeeper& leases;
    const Clock& clock;
  };
  explicit NodeServer(const Parts& parts) : parts_(parts) {}

  // Idempotent: a target that is mounted already is OK with what is mounted. Waits for a model that warms (WaitUntil),
  // then Unavailable with its progress. The lease is gone before a final error is returned.
  Status Publish(const PublishRequest& request, const CallContext& call);

  // Unmounts every view of ours at the target, removes the empty directory, gives the lease back. Needs no cache: what
  // it could not give back is given back later. OK for what was never published; FailedPrecondition for a foreign
  // mount.
  Status Unpublish(const std::string& volume_id, const std::string& target_path);

  // NotFound where no view is mounted at the path.
  Result<VolumeStats> Stats(const std::string& volume_id, const std::string& volume_path);

 private:
  Status PublishLocked(const PublishOrder& order, const CallContext& call);
  Status PrepareAndMount(const PublishOrder& order, bool idmapped, const CallContext& call,
                         std::optional<WarmProgress>& last);
  Status Fail(const LeaseKey& key, const Status& error, const std::optional<WarmProgress>& last);
  Status Clear(const std::string& target);
  bool HoldsView(const std::string& target);

  const Parts parts_;
};

}  // namespace ballast::driver
