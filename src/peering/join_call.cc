#include "peering/join_call.h"

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "peering/grpc_status.h"
#include "peering/peer_codec.h"
#include "proto/peer.pb.h"
#include "swarm/merge.h"

namespace ballast {
namespace {

namespace v1 = peer::v1;
using Reactor = grpc::ServerBidiReactor<v1::FromNode, v1::FromCoordinator>;

// One write at a time; what comes meanwhile waits, merged. gRPC is never called with the lock held: it may call back.
class CallOutlet final : public JoinOutlet {
 public:
  CallOutlet(Reactor& call, const NodeTable& nodes) : call_(&call), nodes_(nodes) {}

  void Queue(FromCoordinator message) override {
    MutexLock lock(mutex_);
    if (!status_) Append(std::move(message), waiting_);
  }
  void Flush() override { Go(); }
  void Close(const Status& why) override {
    {
      MutexLock lock(mutex_);
      if (status_) return;
      status_ = why;
    }
    Go();
  }

  void OnWritten(bool ok) {
    {
      MutexLock lock(mutex_);
      writing_ = false;
      if (!ok) waiting_.clear();
    }
    Go();
  }
  // The call is about to go.
  void Detach() {
    MutexLock lock(mutex_);
    call_ = nullptr;
  }

 private:
  // The next write, or the end behind the last. Whoever takes the turn alone speaks with gRPC until it is done.
  void Go() {
    Reactor* call = nullptr;
    bool finish = false;
    {
      MutexLock lock(mutex_);
      if (call_ == nullptr || writing_ || finished_ || (waiting_.empty() && !status_)) return;
      call = call_;
      finish = waiting_.empty();
      (finish ? finished_ : writing_) = true;
      if (!finish) TakeNext();
    }
    if (finish) return call->Finish(ToGrpcStatus(*status_));
    call->StartWrite(&out_);
  }

  void TakeNext() REQUIRES(mutex_) {
    out_.Clear();
    Encode(waiting_.front(), nodes_, out_);
    waiting_.pop_front();
  }

  Mutex mutex_;
  Reactor* call_ GUARDED_BY(mutex_);
  const NodeTable& nodes_;
  std::deque<FromCoordinator> waiting_ GUARDED_BY(mutex_);
  bool writing_ GUARDED_BY(mutex_) = false;
  bool finished_ GUARDED_BY(mutex_) = false;
  std::optional<Status> status_;  // written once, before `finished_`
  v1::FromCoordinator out_;       // of whoever set `writing_`
};

class JoinCall final : public Reactor {
 public:
  JoinCall(PeerService& service, NodeTable& nodes, const std::string& from)
      : nodes_(nodes), outlet_(std::make_shared<CallOutlet>(*this, nodes)), joined_(service.Join(from, outlet_)) {}

  void Start() { StartRead(&in_); }
  std::shared_ptr<JoinOutlet> outlet() const { return outlet_; }

  void OnReadDone(bool ok) override {
    if (!ok) return End(OkStatus());  // the node hung up, or was lost
    const Status taken = Take();
    if (!taken.ok()) return End(taken);
    StartRead(&in_);
  }
  void OnWriteDone(bool ok) override { outlet_->OnWritten(ok); }
  void OnDone() override {
    outlet_->Detach();
    delete this;  // NOLINT(cppcoreguidelines-owning-memory): gRPC's form
  }

 private:
  Status Take() {
    const auto shape = joined_->shape();
    ASSIGN_OR_RETURN(FromNode message, Decode(in_, shape.get(), nodes_));
    return joined_->On(std::move(message));
  }
  void End(const Status& why) {
    joined_.reset();
    outlet_->Close(why);
  }

  NodeTable& nodes_;
  const std::shared_ptr<CallOutlet> outlet_;
  std::unique_ptr<JoinedNode> joined_;  // of the reading side
  v1::FromNode in_;
};

}  // namespace

void OpenJoins::Add(const std::shared_ptr<JoinOutlet>& outlet) {
  MutexLock lock(mutex_);
  std::erase_if(open_, [](const std::weak_ptr<JoinOutlet>& one) { return one.expired(); });
  open_.push_back(outlet);
}

void OpenJoins::BeginAnew(const std::string& self) {
  std::vector<std::weak_ptr<JoinOutlet>> open;
  {
    MutexLock lock(mutex_);
    open = open_;
  }
  for (const std::weak_ptr<JoinOutlet>& one : open) {
    const std::shared_ptr<JoinOutlet> outlet = one.lock();
    if (!outlet) continue;
    outlet->Queue({.seen = 0, .message = Redirect{self}});
    outlet->Flush();
  }
}

Reactor* StartJoinCall(PeerService& service, NodeTable& nodes, const std::string& from, OpenJoins& open) {
  auto* const call = new JoinCall(service, nodes, from);  // NOLINT(cppcoreguidelines-owning-memory): gRPC's form
  open.Add(call->outlet());
  call->Start();
  return call;
}

}  // namespace ballast
