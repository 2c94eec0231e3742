// A clock that moves only when a test moves it. Thread-safe.
#pragma once

#include "base/clock.h"
#include "base/mutex.h"

namespace ballast {

class FakeClock final : public Clock {
 public:
  WallTime Now() const override {
    MutexLock lock(mutex_);
    return wall_;
  }
  SteadyTime Steady() const override {
    MutexLock lock(mutex_);
    return steady_;
  }

  // Both clocks go on by `step`.
  void Advance(Duration step) {
    MutexLock lock(mutex_);
    wall_ += std::chrono::duration_cast<WallTime::duration>(step);
    steady_ += step;
  }
  // Only the wall clock jumps, as when somebody sets the date.
  void SetWall(WallTime wall) {
    MutexLock lock(mutex_);
    wall_ = wall;
  }

 private:
  mutable Mutex mutex_;
  WallTime wall_ GUARDED_BY(mutex_) = WallTime(std::chrono::seconds(1'700'000'000));
  SteadyTime steady_ GUARDED_BY(mutex_) = SteadyTime(std::chrono::hours(1));
};

}  // namespace ballast
