// Times that limits go by in tests.
#pragma once

#include <algorithm>
#include <stop_token>
#include <thread>

#include "base/mutex.h"
#include "daemon/metered_source.h"

namespace ballast {

// Whoever sleeps has slept at once: so much time has passed as the limits asked for, and no more. Thread-safe.
class SkippingPace final : public Pace {
 public:
  SteadyTime Now() const override {
    MutexLock lock(mutex_);
    return now_;
  }
  void SleepUntil(SteadyTime until, const std::stop_token& /*stop*/) override {
    MutexLock lock(mutex_);
    now_ = std::max(now_, until);
  }
  double seconds() const { return std::chrono::duration<double>(Now() - kStart).count(); }

 private:
  static constexpr SteadyTime kStart{std::chrono::hours(1)};

  mutable Mutex mutex_;
  SteadyTime now_ GUARDED_BY(mutex_) = kStart;
};

// No time passes: what has to wait waits until it has to no more. Thread-safe.
class StandingPace final : public Pace {
 public:
  SteadyTime Now() const override { return SteadyTime(std::chrono::hours(1)); }
  void SleepUntil(SteadyTime /*until*/, const std::stop_token& /*stop*/) override { std::this_thread::yield(); }
};

}  // namespace ballast
