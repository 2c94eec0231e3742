// What a controller's workers take their keys from ("namespace/name").
//
//   while (auto key = queue.Get(stop)) {
//     const Status status = Reconcile(*key);
//     status.ok() ? queue.Forget(*key) : queue.AddRateLimited(*key);
//     queue.Done(*key);
//   }
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "base/mutex.h"
#include "kube/work_queue_state.h"

namespace ballast {

// Thread-safe. The rules are those of WorkQueueState.
class WorkQueue {
 public:
  // `clock` outlives it; it says what is due, and how long Get() sleeps.
  explicit WorkQueue(const Clock& clock,
                     BackoffPolicy policy = {std::chrono::milliseconds(50), std::chrono::milliseconds(300'000), 2})
      : clock_(clock), state_(policy) {}

  void Add(const std::string& key);
  void AddAfter(const std::string& key, Duration wait);
  // After a failure: later each time, from policy.initial to policy.max, until Forget(). At least `least`, as a server
  // may have asked for (Status::retry_after()).
  void AddRateLimited(const std::string& key, Duration least = Duration::zero());
  void Forget(const std::string& key);

  // Waits for a key; nothing once `stop` is requested or the queue is shut down. Each key needs its Done().
  std::optional<std::string> Get(const std::stop_token& stop);
  // The same without waiting.
  std::optional<std::string> TryGet();
  void Done(const std::string& key);

  // Get() gives nothing any more, and what is added is dropped.
  void ShutDown();

  size_t depth() const;  // keys that are ready

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  const Clock& clock_;
  WorkQueueState state_ GUARDED_BY(mutex_);
  bool shut_down_ GUARDED_BY(mutex_) = false;
};

}  // namespace ballast
