#include "kube/work_queue_state.h"

#include <functional>

namespace ballast {

void WorkQueueState::Add(const std::string& key) {
  if (!waiting_.insert(key).second || working_.contains(key)) return;
  ready_.push_back(key);
}

void WorkQueueState::AddAt(const std::string& key, SteadyTime due) {
  const auto [at, added] = due_.try_emplace(key, due);
  if (!added && at->second <= due) return;
  by_due_.erase({at->second, key});
  by_due_.emplace(due, key);
  at->second = due;
}

Duration WorkQueueState::Fail(const std::string& key) {
  // The key seeds its jitter, so that keys that failed together do not come back together.
  const auto seed = static_cast<uint32_t>(std::hash<std::string>()(key)) | 1U;
  return failures_.try_emplace(key, policy_, seed).first->second.Next();
}

void WorkQueueState::MoveDue(SteadyTime now) {
  while (!by_due_.empty() && by_due_.begin()->first <= now) {
    const std::string key = by_due_.begin()->second;
    by_due_.erase(by_due_.begin());
    due_.erase(key);
    Add(key);
  }
}

std::optional<std::string> WorkQueueState::Take(SteadyTime now) {
  MoveDue(now);
  if (ready_.empty()) return std::nullopt;
  std::string key = std::move(ready_.front());
  ready_.pop_front();
  waiting_.erase(key);
  working_.insert(key);
  return key;
}

void WorkQueueState::Done(const std::string& key) {
  if (working_.erase(key) > 0 && waiting_.contains(key)) ready_.push_back(key);
}

std::optional<SteadyTime> WorkQueueState::NextDue() const {
  if (by_due_.empty()) return std::nullopt;
  return by_due_.begin()->first;
}

}  // namespace ballast
