// Writes events without making anybody wait.
#pragma once

#include <deque>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "kube/event_series.h"
#include "kube/kube_client.h"

namespace ballast {

struct EventRecorderOptions {
  std::string controller;  // "ballast.dev/operator"
  std::string instance;    // this pod's name
  EventLimits limits;
  size_t max_queue = 1000;
};

struct EventCounts {
  uint64_t written = 0;
  uint64_t failed = 0;   // the apiserver would not take them, or was not there
  uint64_t dropped = 0;  // too many: of one object, or in the queue
};

// Thread-safe. Events are a service to people: one that can't be written is counted and logged, never waited for.
class EventRecorder {
 public:
  // Both outlive it.
  EventRecorder(KubeClient& client, const Clock& clock, EventRecorderOptions options);
  // Gives up what is still queued.
  ~EventRecorder();
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  void Record(const KubeEvent& event);
  // Until all that was recorded, and all counts that are due by the clock, were written or given up.
  void Flush();

  EventCounts counts() const;

 private:
  void Run(const std::stop_token& stop);
  // Waits for something to write. False: stop.
  bool Await(const std::stop_token& stop) REQUIRES(mutex_);
  void TakeDue() REQUIRES(mutex_);
  Status Write(const EventWrite& write, const std::stop_token& stop) const;

  KubeClient& client_;
  const Clock& clock_;
  const EventRecorderOptions options_;
  mutable Mutex mutex_;
  CondVar changed_;
  EventSeries series_ GUARDED_BY(mutex_);
  std::deque<EventWrite> queue_ GUARDED_BY(mutex_);
  bool writing_ GUARDED_BY(mutex_) = false;
  EventCounts counts_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace ballast
