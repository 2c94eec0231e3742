// Which key is worked on next: the brain of WorkQueue. A value; `now` is an input.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/backoff.h"
#include "base/clock.h"

namespace ballast {

// Rules: a key waits at most once; a key that is being worked on is handed out again only after Done(), and then once,
// however often it was added meanwhile; the earliest of several delays wins.
class WorkQueueState {
 public:
  explicit WorkQueueState(BackoffPolicy policy) : policy_(policy) {}

  void Add(const std::string& key);
  void AddAt(const std::string& key, SteadyTime due);
  // How long the key waits after one more failure in a row.
  Duration Fail(const std::string& key);
  void Forget(const std::string& key) { failures_.erase(key); }

  // The key that waits longest of those that are due, now being worked on.
  std::optional<std::string> Take(SteadyTime now);
  void Done(const std::string& key);

  // When a delayed key is due next.
  std::optional<SteadyTime> NextDue() const;
  // Keys that wait, without those that are delayed.
  size_t ready() const { return ready_.size(); }
  size_t delayed() const { return due_.size(); }
  size_t working() const { return working_.size(); }

 private:
  void MoveDue(SteadyTime now);

  BackoffPolicy policy_;
  std::deque<std::string> ready_;
  std::set<std::string> waiting_;  // in ready_, or to be put there when it is done
  std::set<std::string> working_;
  std::map<std::string, SteadyTime> due_;
  std::set<std::pair<SteadyTime, std::string>> by_due_;  // the same, the earliest first
  std::map<std::string, Backoff> failures_;
};

}  // namespace ballast
