// How fast bytes may come: a token bucket as a value.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace ballast {

// Not thread-safe. Lets a quarter of a second's worth through at once.
class RateLimit {
 public:
  explicit RateLimit(uint64_t bytes_per_second) : rate_(bytes_per_second) {}

  // Takes `bytes` and says how long the taker has to wait for them; zero without a limit.
  Duration Take(uint64_t bytes, SteadyTime now);

 private:
  uint64_t rate_;
  SteadyTime paid_until_{};
};

}  // namespace ballast
