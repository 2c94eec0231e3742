// Notices a transfer that stands still or crawls. Only time spent waiting for the network counts, so that a slow disk
// behind the sink is never blamed on the sender.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace ballast {

struct StallLimits {
  Duration silence = std::chrono::seconds(30);  // no byte of the body for this long
  Duration window = std::chrono::seconds(60);   // fewer than `min_bytes_per_second` over this long
  uint64_t min_bytes_per_second = 1024;
};

// A value of one transfer; not thread-safe.
class StallWatch {
 public:
  enum class Verdict { kFine, kSilent, kSlow };

  explicit StallWatch(const StallLimits& limits) : limits_(limits) {}

  // `waited` more was spent waiting, and `total_bytes` have come since the start.
  Verdict Waited(Duration waited, uint64_t total_bytes) {
    silent_for_ = total_bytes == seen_bytes_ ? silent_for_ + waited : Duration::zero();
    seen_bytes_ = total_bytes;
    window_for_ += waited;
    if (silent_for_ >= limits_.silence) return Verdict::kSilent;
    if (window_for_ < limits_.window) return Verdict::kFine;
    const auto rate =
        static_cast<double>(total_bytes - window_bytes_) / std::chrono::duration<double>(window_for_).count();
    window_for_ = Duration::zero();
    window_bytes_ = total_bytes;
    return rate < static_cast<double>(limits_.min_bytes_per_second) ? Verdict::kSlow : Verdict::kFine;
  }

 private:
  StallLimits limits_;
  Duration silent_for_{0};
  Duration window_for_{0};
  uint64_t seen_bytes_ = 0;
  uint64_t window_bytes_ = 0;
};

}  // namespace ballast
