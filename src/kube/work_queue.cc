#include "kube/work_queue.h"

#include <algorithm>

namespace ballast {

void WorkQueue::Add(const std::string& key) {
  MutexLock lock(mutex_);
  if (shut_down_) return;
  state_.Add(key);
  changed_.NotifyOne();
}

void WorkQueue::AddAfter(const std::string& key, Duration wait) {
  MutexLock lock(mutex_);
  if (shut_down_) return;
  state_.AddAt(key, clock_.Steady() + wait);
  changed_.NotifyOne();
}

void WorkQueue::AddRateLimited(const std::string& key, Duration least) {
  MutexLock lock(mutex_);
  if (shut_down_) return;
  state_.AddAt(key, clock_.Steady() + std::max(least, state_.Fail(key)));
  changed_.NotifyOne();
}

void WorkQueue::Forget(const std::string& key) {
  MutexLock lock(mutex_);
  state_.Forget(key);
}

std::optional<std::string> WorkQueue::Get(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  MutexLock lock(mutex_);
  while (!shut_down_ && !stop.stop_requested()) {
    if (auto key = state_.Take(clock_.Steady())) {
      if (state_.ready() > 0) changed_.NotifyOne();  // one wake-up may have made several keys due
      return key;
    }
    const auto due = state_.NextDue();
    if (!due) {
      changed_.Wait(mutex_);
    } else {
      changed_.WaitUntil(mutex_, std::chrono::steady_clock::now() + (*due - clock_.Steady()));
    }
  }
  return std::nullopt;
}

std::optional<std::string> WorkQueue::TryGet() {
  MutexLock lock(mutex_);
  return shut_down_ ? std::nullopt : state_.Take(clock_.Steady());
}

void WorkQueue::Done(const std::string& key) {
  MutexLock lock(mutex_);
  state_.Done(key);
  changed_.NotifyOne();
}

void WorkQueue::ShutDown() {
  MutexLock lock(mutex_);
  shut_down_ = true;
  changed_.NotifyAll();
}

size_t WorkQueue::depth() const {
  MutexLock lock(mutex_);
  return state_.ready();
}

}  // namespace ballast
