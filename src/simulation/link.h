// A link that sends one thing after another.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace ballast::simulation {

inline Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

class Link {
 public:
  explicit Link(double bytes_per_second = 1) : rate_(bytes_per_second) {}

  // Nothing passes from then to then.
  void Stall(Duration from, Duration to) { stalls_.push_back({SteadyTime() + from, SteadyTime() + to}); }

  // When `bytes` that are there from `at` on have passed.
  SteadyTime Pass(uint64_t bytes, SteadyTime at) {
    free_at_ = std::max(free_at_, at);
    const Duration takes = Seconds(static_cast<double>(bytes) / rate_);
    SteadyTime end = free_at_ + takes;
    for (const auto& [from, to] : stalls_) {
      if (free_at_ < to && end > from) end = to + (end - std::max(from, free_at_));
    }
    free_at_ = end;
    return free_at_;
  }

 private:
  struct Pause {
    SteadyTime from;
    SteadyTime to;
  };
  double rate_;
  SteadyTime free_at_{};
  std::vector<Pause> stalls_;
};

}  // namespace ballast::simulation
