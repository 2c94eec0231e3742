#include "peering/join_stream.h"

#include <utility>

#include "peering/grpc_status.h"
#include "peering/peer_codec.h"
#include "peering/peer_server.h"

namespace ballast {

JoinStream::JoinStream(Parts parts, ControlEvents& events) : parts_(std::move(parts)), events_(&events) {
  if (!parts_.plaintext_self.empty()) context_.AddMetadata(kPlaintextNodeKey, parts_.plaintext_self);
}

void JoinStream::Begin() {
  self_ = shared_from_this();
  parts_.stub->async()->Join(&context_, this);
  AddHold();  // for writes, which begin outside of gRPC's calls
  StartRead(&in_);
  StartCall();
}

void JoinStream::Send(const FromNode& message) {
  {
    MutexLock lock(mutex_);
    if (!reading_ || writing_) return;  // the end is on its way to the events
    writing_ = true;
  }
  out_.Clear();
  Encode(message, parts_.nodes, out_);
  StartWrite(&out_);
}

void JoinStream::HangUp() {
  {
    MutexLock lock(events_mutex_);
    events_ = nullptr;
  }
  context_.TryCancel();
}

void JoinStream::AskToBeginAnew() {
  MutexLock lock(events_mutex_);
  if (events_ != nullptr) events_->OnMessage({.seen = 0, .message = Redirect{parts_.to}});
}

void JoinStream::Fail(Status why) {
  {
    MutexLock lock(mutex_);
    if (!failure_) failure_ = std::move(why);
  }
  context_.TryCancel();
}

void JoinStream::OnReadDone(bool ok) {
  if (ok) {
    Result<FromCoordinator> message = Decode(in_, *parts_.shape, parts_.nodes);
    if (message.ok()) {
      MutexLock lock(events_mutex_);
      if (events_ != nullptr) events_->OnMessage(*std::move(message));
    } else {
      Fail(message.status());
    }
    StartRead(&in_);
    return;
  }
  bool release = false;
  {
    MutexLock lock(mutex_);
    reading_ = false;
    release = !writing_ && std::exchange(held_, false);
  }
  if (release) RemoveHold();
}

void JoinStream::OnWriteDone(bool ok) {
  bool release = false;
  {
    MutexLock lock(mutex_);
    writing_ = false;
    release = !reading_ && std::exchange(held_, false);
  }
  if (release) RemoveHold();
  if (!ok || release) return;
  MutexLock lock(events_mutex_);
  if (events_ != nullptr) events_->OnWritten();
}

void JoinStream::OnDone(const grpc::Status& status) {
  Status why = FromGrpcStatus(status, "node " + parts_.to);
  {
    MutexLock lock(mutex_);
    if (failure_) why = *failure_;
  }
  if (why.ok()) why = Unavailable("node " + parts_.to + " ended the stream");
  {
    MutexLock lock(events_mutex_);
    if (events_ != nullptr) std::exchange(events_, nullptr)->OnEnd(why);
  }
  const auto last = std::move(self_);  // `this` may go with it
  [[maybe_unused]] const Gate::Pass pass = std::move(parts_.pass);
}

}  // namespace ballast
