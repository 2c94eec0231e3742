// When the collector has its rounds: every interval, when the disk is fuller than the policy lets it be, and when
// somebody says that the policy is another.
#pragma once

#include <functional>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/collector.h"
#include "store/store.h"

namespace ballast {

// Thread-safe.
class CollectorLoop {
 public:
  // All that is referred to outlives it.
  struct Parts {
    Collector& collector;
    Store& store;
    const Clock& clock;
    std::function<Duration()> interval;
    Duration look_every;  // at the disk
    std::function<void()> each_minute = [] {};
    std::function<void()> each_look = [] {};
  };

  explicit CollectorLoop(Parts parts);
  ~CollectorLoop() { Stop(); }
  CollectorLoop(const CollectorLoop&) = delete;
  CollectorLoop& operator=(const CollectorLoop&) = delete;

  // The first round is due an interval from now, or when the disk is too full. To be called once.
  void Start();
  // Waits for a round at work. What may still call Wake() goes after it.
  void Stop();
  // A round is due now, or with Start(). Never blocks.
  void Wake();

 private:
  void Run(const std::stop_token& stop);
  bool IsDue();
  void KeepWatch();

  const Parts parts_;
  Mutex mutex_;
  CondVar changed_;
  bool woken_ GUARDED_BY(mutex_) = false;
  // Of the thread alone:
  SteadyTime last_;
  SteadyTime kept_;
  std::jthread thread_;
};

}  // namespace ballast
