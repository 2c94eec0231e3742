// A watch on a thread of its own that keeps what it sees.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "kube/kube_client.h"

namespace ballast {

// The destructor cancels the watch and waits for its end.
class WatchRecorder {
 public:
  WatchRecorder(KubeClient& client, KubeResource resource, WatchRequest request)
      : thread_([this, &client, resource = std::move(resource), request = std::move(request)](std::stop_token stop) {
          const Status end = client.Watch(
              resource, request, [this](const WatchEvent& e) { return See(e); }, stop);
          MutexLock lock(mutex_);
          end_ = end;
          ended_ = true;
          changed_.NotifyAll();
        }) {}

  // Blocks until so many events have come, or the watch has ended.
  std::vector<WatchEvent> Await(size_t count) {
    MutexLock lock(mutex_);
    while (events_.size() < count && !ended_) changed_.Wait(mutex_);
    return events_;
  }
  // "ADDED a"; bookmarks are left out.
  std::vector<std::string> AwaitNames(size_t count) {
    std::vector<std::string> names;
    for (const WatchEvent& event : Await(count)) {
      if (event.kind == WatchEvent::Kind::kBookmark) continue;
      names.push_back(StrCat(WatchEventName(event.kind), " ", NameOf(event.object).name));
    }
    return names;
  }
  Status AwaitEnd() {
    MutexLock lock(mutex_);
    while (!ended_) changed_.Wait(mutex_);
    return end_;
  }
  void RequestStop() { thread_.request_stop(); }

 private:
  Status See(const WatchEvent& event) {
    MutexLock lock(mutex_);
    events_.push_back(event);
    changed_.NotifyAll();
    return OkStatus();
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<WatchEvent> events_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
  Status end_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace ballast
