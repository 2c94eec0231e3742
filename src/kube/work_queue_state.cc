#include "kube/work_queue_state.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace ballast {

void WorkQueueState::Add(const std::string& key) {
  if (!waiting_.insert(key).second || working_.contains(key)) return;
  ready_.push_back(key);
}

void WorkQueueState::AddAt(const std::string& key, SteadyTime due) {
  const auto [at, added] = due_.try_emplace(key, due);
  if (!added) at->second = std::min(at->second, due);
}

Duration WorkQueueState::Fail(const std::string& key) {
  // The key seeds its jitter, so that keys that failed together do not come back together.
  const auto seed = static_cast<uint32_t>(std::hash<std::string>()(key)) | 1U;
  return failures_.try_emplace(key, policy_, seed).first->second.Next();
}

void WorkQueueState::MoveDue(SteadyTime now) {
  std::vector<std::pair<SteadyTime, std::string>> due;
  for (const auto& [key, when] : due_) {
    if (when <= now) due.emplace_back(when, key);
  }
  std::sort(due.begin(), due.end());
  for (const auto& [when, key] : due) {
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
  if (due_.empty()) return std::nullopt;
  const auto by_time = [](const auto& a, const auto& b) { return a.second < b.second; };
  return std::min_element(due_.begin(), due_.end(), by_time)->second;
}

}  // namespace ballast
