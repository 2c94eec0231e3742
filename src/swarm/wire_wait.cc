#include "swarm/wire_wait.h"

#include <poll.h>

#include <algorithm>

#include "base/strings.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;

// The clock is looked at so often; it may not be the one that poll() knows.
constexpr Duration kLook = milliseconds(100);

std::string Text(Duration duration) { return FormatDuration(std::chrono::duration_cast<milliseconds>(duration)); }

int Milliseconds(Duration duration) {
  return static_cast<int>(
      std::chrono::ceil<milliseconds>(std::clamp(duration, Duration(milliseconds(1)), kLook)).count());
}

}  // namespace

Status WireWait::For(const Wire& wire, Wire::Want want, uint64_t moved) {
  pollfd socket{wire.fd(), static_cast<short>(want == Wire::Want::kRead ? POLLIN : POLLOUT), 0};
  const int slice = Milliseconds(limits_.silence);
  for (;;) {
    if (stop_.stop_requested()) return Cancelled("no longer wanted");
    const SteadyTime began = clock_.Steady();
    const int ready = ::poll(&socket, 1, slice);
    const StallWatch::Verdict verdict = watch_.Waited(clock_.Steady() - began, moved);
    if (stop_.stop_requested()) return Cancelled("no longer wanted");
    if (verdict ==
        StallWatch::Verdict::kSilent)  // also where something came that was nothing: a TLS record by the byte
      return DeadlineExceeded(StrCat("nothing came through for ", Text(limits_.silence)));
    if (verdict == StallWatch::Verdict::kSlow)
      return DeadlineExceeded(
          StrCat("slower than ", FormatRate(limits_.min_bytes_per_second), " for ", Text(limits_.window)));
    // With Wire::WakeAt() there may be something that poll() does not tell of.
    if (ready > 0 || want == Wire::Want::kRead) return OkStatus();
  }
}

}  // namespace ballast
