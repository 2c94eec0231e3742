#include "base/backoff.h"

#include <algorithm>
#include <cmath>

namespace ballast {

std::chrono::milliseconds Backoff::Next() {
  const double step = std::min(static_cast<double>(policy_.max.count()),
                               static_cast<double>(policy_.initial.count()) * std::pow(policy_.multiplier, failures_));
  ++failures_;
  std::uniform_real_distribution<double> jitter(0.5, 1.0);
  return std::chrono::milliseconds(static_cast<int64_t>(step * jitter(random_)));
}

}  // namespace ballast
