// Bytes per second over the last seconds, from samples of a counter that only grows.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

#include "base/clock.h"

namespace ballast {

class RateMeter {
 public:
  void Add(SteadyTime now, uint64_t total);
  uint64_t BytesPerSecond() const;  // 0 until two samples lie apart

 private:
  struct Sample {
    SteadyTime at;
    uint64_t total;
  };
  static constexpr std::chrono::seconds kWindow{5};
  std::deque<Sample> samples_;
};

}  // namespace ballast
