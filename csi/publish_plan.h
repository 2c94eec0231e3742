// What to do about a publish, an unpublish, and their outcomes. Pure: the node servers gather the facts and obey.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "csi/cache_client.h"
#include "csi/mount/mounter.h"

namespace ballast::driver {

struct PublishFacts {
  TargetState target;
  bool readonly = false;  // as the caller asked: true lets the container runtime keep the mount ro by itself
  Status can_idmap;       // of the mounter
};

struct PublishPlan {
  enum class Action : uint8_t {
    kReplyMounted,     // it is published already
    kPrepareAndMount,  // lease, wait, mount
    kRefuse,           // with `refusal`
  };
  Action action = Action::kRefuse;
  bool idmapped = false;  // kPrepareAndMount
  Status refusal;         // kRefuse
};

PublishPlan PlanPublish(const PublishFacts& facts);

struct UnpublishPlan {
  enum class Action : uint8_t {
    kUnmount,          // the topmost mount, then look again
    kRemoveDirectory,  // then it is done
    kDone,
    kRefuse,  // with `refusal`; nothing was touched
  };
  Action action = Action::kDone;
  Status refusal;
};

UnpublishPlan PlanUnpublish(const TargetState& target);

// What the caller is told of an attempt that failed, and whether the lease goes first. The kubelet never unpublishes
// after a final code, so the lease must be gone by then; after any other code it publishes again or unpublishes.
struct PublishFailure {
  Status reply;
  bool release_lease = false;
};

// `error`: of the cache or the mount; DeadlineExceeded is our own end of waiting and becomes Unavailable with `last`'s
// figures. `mounted`: a view of ours is at the target, whose lease must live.
PublishFailure PlanFailure(const Status& error, const std::optional<WarmProgress>& last, bool mounted);

// True for a code after which the kubelet gives up on the volume without unpublishing it: everything but Cancelled,
// DeadlineExceeded, ResourceExhausted, Aborted, Unavailable (kubernetes, pkg/volume/csi/csi_client.go, isFinalError).
bool IsFinal(const Status& status);

}  // namespace ballast::driver
