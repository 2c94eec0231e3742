#include "swarm/local_stream.h"

#include <deque>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "swarm/merge.h"

namespace ballast {
namespace {

class LocalOutlet final : public JoinOutlet {
 public:
  explicit LocalOutlet(ControlEvents& events) : events_(&events) {}

  void Queue(FromCoordinator message) override {
    MutexLock lock(mutex_);
    Append(std::move(message), waiting_);
  }

  void Flush() override {
    MutexLock telling(telling_);
    for (;;) {
      std::optional<FromCoordinator> message = Take();
      if (!message || events_ == nullptr) return;
      events_->OnMessage(*std::move(message));
    }
  }

  void Close(const Status& why) override {
    Flush();
    MutexLock telling(telling_);
    if (events_ != nullptr) std::exchange(events_, nullptr)->OnEnd(why);
  }

  void Written() {
    MutexLock telling(telling_);
    if (events_ != nullptr) events_->OnWritten();
  }

  void HangUp() {
    MutexLock telling(telling_);
    events_ = nullptr;
  }

 private:
  std::optional<FromCoordinator> Take() {
    MutexLock lock(mutex_);
    if (waiting_.empty()) return std::nullopt;
    FromCoordinator message = std::move(waiting_.front());
    waiting_.pop_front();
    return message;
  }

  Mutex telling_;  // before mutex_; held while events run
  ControlEvents* events_ GUARDED_BY(telling_);
  Mutex mutex_;
  std::deque<FromCoordinator> waiting_ GUARDED_BY(mutex_);
};

class LocalStream final : public ControlStream {
 public:
  LocalStream(PeerService& service, const std::string& from, ControlEvents& events)
      : outlet_(std::make_shared<LocalOutlet>(events)), joined_(service.Join(from, outlet_)) {}
  ~LocalStream() override {
    outlet_->HangUp();
    joined_.reset();
  }

  void Send(FromNode message) override {
    const Status taken = joined_->On(std::move(message));
    if (!taken.ok()) return outlet_->Close(taken);
    outlet_->Written();
  }

 private:
  const std::shared_ptr<LocalOutlet> outlet_;
  std::unique_ptr<JoinedNode> joined_;
};

}  // namespace

std::unique_ptr<ControlStream> JoinLocally(PeerService& service, const std::string& from, ControlEvents& events) {
  return std::make_unique<LocalStream>(service, from, events);
}

}  // namespace ballast
