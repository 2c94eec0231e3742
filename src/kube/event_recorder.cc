#include "kube/event_recorder.h"

#include <utility>

#include "base/logging.h"
#include "base/thread.h"

namespace ballast {
namespace {

constexpr Duration kCallTimeout = std::chrono::seconds(10);

}  // namespace

EventRecorder::EventRecorder(KubeClient& client, const Clock& clock, EventRecorderOptions options)
    : client_(client), clock_(clock), options_(std::move(options)), series_(options_.limits) {
  thread_ = StartThread([this](const std::stop_token& stop) { Run(stop); });
}

EventRecorder::~EventRecorder() = default;

void EventRecorder::Record(const KubeEvent& event) {
  MutexLock lock(mutex_);
  auto write = series_.See(event, {clock_.Steady(), clock_.Now()});
  changed_.NotifyAll();  // or the time of the next count is another now
  if (!write) return;
  if (queue_.size() < options_.max_queue) {
    queue_.push_back(std::move(*write));
  } else {
    ++counts_.dropped;
  }
}

void EventRecorder::TakeDue() {
  for (EventWrite& write : series_.Due(clock_.Steady())) queue_.push_back(std::move(write));
}

bool EventRecorder::Await(const std::stop_token& stop) {
  for (;;) {
    TakeDue();
    if (stop.stop_requested()) return false;
    if (!queue_.empty()) return true;
    changed_.NotifyAll();  // Flush()
    const auto due = series_.NextDue();
    if (!due) {
      changed_.Wait(mutex_);
    } else {
      changed_.WaitUntil(mutex_, std::chrono::steady_clock::now() + (*due - clock_.Steady()));
    }
  }
}

void EventRecorder::Run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  for (;;) {
    EventWrite write;
    {
      MutexLock lock(mutex_);
      writing_ = false;
      if (!Await(stop)) return;
      write = std::move(queue_.front());
      queue_.pop_front();
      writing_ = true;
    }
    const Status status = Write(write, stop);
    if (!status.ok()) LOG(WARNING) << Message("An event was not written").With("error", status);
    MutexLock lock(mutex_);
    ++(status.ok() ? counts_.written : counts_.failed);
  }
}

Status EventRecorder::Write(const EventWrite& write, const std::stop_token& stop) const {
  const CallLimits limits(stop, kCallTimeout);
  if (!write.is_first()) {
    Status patched = client_.Patch(kEvents, write.name, MakeSeriesPatch(write), Subresource::kNone, limits).status();
    if (patched.code() != StatusCode::kNotFound) return patched;  // else it is past its hour
  }
  return client_.Create(kEvents, MakeEvent(write, options_.controller, options_.instance), limits).status();
}

void EventRecorder::Flush() {
  MutexLock lock(mutex_);
  TakeDue();
  changed_.NotifyAll();
  while (!queue_.empty() || writing_) changed_.Wait(mutex_);
}

EventCounts EventRecorder::counts() const {
  MutexLock lock(mutex_);
  EventCounts counts = counts_;
  counts.dropped += series_.dropped();
  return counts;
}

}  // namespace ballast
