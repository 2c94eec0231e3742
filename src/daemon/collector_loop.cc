#include "daemon/collector_loop.h"

#include <utility>

#include "base/logging.h"
#include "base/thread.h"

namespace ballast {
namespace {

constexpr std::chrono::minutes kKeepWatchEvery{1};

}  // namespace

CollectorLoop::CollectorLoop(Parts parts) : parts_(std::move(parts)), last_(parts_.clock.Steady()), kept_(last_) {}

void CollectorLoop::Start() {
  thread_ = StartThread([this](const std::stop_token& stop) { Run(stop); });
}

void CollectorLoop::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  }
  thread_.join();
  KeepWatch();
}

void CollectorLoop::Wake() {
  MutexLock lock(mutex_);
  woken_ = true;
  changed_.NotifyAll();
}

void CollectorLoop::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    parts_.each_look();
    if (IsDue()) {
      parts_.collector.Collect();
      last_ = parts_.clock.Steady();
    }
    if (parts_.clock.Steady() >= kept_ + kKeepWatchEvery) {
      KeepWatch();
      parts_.each_minute();
    }
    MutexLock lock(mutex_);
    if (!woken_ && !stop.stop_requested()) changed_.WaitUntil(mutex_, parts_.clock.Steady() + parts_.look_every);
  }
}

bool CollectorLoop::IsDue() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(woken_, false)) return true;
  }
  return parts_.clock.Steady() >= last_ + parts_.interval() || parts_.collector.IsPressed();
}

void CollectorLoop::KeepWatch() {
  kept_ = parts_.clock.Steady();
  const Status kept = parts_.store.KeepWatch();
  if (!kept.ok()) LOG(WARNING) << Message("Cannot record that the cache is watched").With("error", kept);
}

}  // namespace ballast
