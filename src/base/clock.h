// The one way to ask for the time, so that tests can say what time it is.
#pragma once

#include <chrono>

namespace ballast {

using WallTime = std::chrono::system_clock::time_point;    // what a person's watch shows; may jump
using SteadyTime = std::chrono::steady_clock::time_point;  // never goes back; for timers and rates
using Duration = std::chrono::steady_clock::duration;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Now() const = 0;
  virtual SteadyTime Steady() const = 0;
};

class RealClock final : public Clock {
 public:
  WallTime Now() const override { return std::chrono::system_clock::now(); }
  SteadyTime Steady() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace ballast
