#include "daemon/rate_limit.h"

#include <algorithm>

namespace ballast {

Duration RateLimit::Take(uint64_t bytes, SteadyTime now) {
  if (rate_ == 0) return Duration::zero();
  constexpr Duration kBurst = std::chrono::milliseconds(250);
  const auto cost = std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(rate_));
  paid_until_ = std::max(paid_until_, now - kBurst) + std::chrono::duration_cast<Duration>(cost);
  return std::max(paid_until_ - now, Duration::zero());
}

}  // namespace ballast
