// How long a transfer waits for its socket.
#pragma once

#include <stop_token>

#include "base/clock.h"
#include "base/stall_watch.h"
#include "swarm/wire.h"

namespace ballast {

// Of one transfer, or of one step of it; not thread-safe. Only the time spent here counts.
class WireWait {
 public:
  WireWait(const Clock& clock, const StallLimits& limits, std::stop_token stop)
      : clock_(clock), limits_(limits), watch_(limits), stop_(std::move(stop)) {}

  // Until `wire` is ready for `want`, or it is time to try. `moved`: bytes that it has moved since the start.
  // DeadlineExceeded: nothing moved for too long, or too little; Cancelled. A stop is seen at once where it also shuts
  // the wire down.
  Status For(const Wire& wire, Wire::Want want, uint64_t moved);

 private:
  const Clock& clock_;
  const StallLimits limits_;
  StallWatch watch_;
  const std::stop_token stop_;
};

// All that `action()` (a Result<Wire::Moved> of at most `bytes` from byte `at` on) moves, until it has moved `bytes`.
template <typename Action>
Status MoveAll(const Wire& wire, WireWait& wait, uint64_t& moved, size_t bytes, Action action) {
  for (size_t at = 0; at < bytes;) {
    ASSIGN_OR_RETURN(const Wire::Moved step, action(at));
    at += step.bytes;
    moved += step.bytes;
    if (step.bytes == 0) RETURN_IF_ERROR(wait.For(wire, step.want, moved));
  }
  return OkStatus();
}

}  // namespace ballast
