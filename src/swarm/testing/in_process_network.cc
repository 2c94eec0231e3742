#include "swarm/testing/in_process_network.h"

#include <atomic>
#include <functional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/strings.h"
#include "swarm/local_stream.h"

namespace ballast {

// To a node that may be dead already: then it has only an end.
class InProcessNetwork::Stream final : public ControlStream, private ControlEvents {
 public:
  Stream(InProcessNetwork& network, std::string from, std::string to, ControlEvents& events)
      : network_(network), from_(std::move(from)), to_(std::move(to)), events_(&events) {}
  ~Stream() override {
    {
      MutexLock lock(mutex_);
      events_ = nullptr;
    }
    inner_.reset();
    network_.Remove(to_, this);
  }

  void Open(PeerService& service) { inner_ = JoinLocally(service, from_, *this); }

  void Send(FromNode message) override {
    if (inner_ && !network_.IsFrozen(to_)) inner_->Send(std::move(message));
  }

  void End(const Status& why) {
    MutexLock lock(mutex_);
    if (events_ != nullptr) std::exchange(events_, nullptr)->OnEnd(why);
  }

 private:
  void OnMessage(FromCoordinator message) override {
    if (network_.IsFrozen(to_)) return;
    MutexLock lock(mutex_);
    if (events_ != nullptr) events_->OnMessage(std::move(message));
  }
  void OnWritten() override {
    MutexLock lock(mutex_);
    if (events_ != nullptr) events_->OnWritten();
  }
  void OnEnd(const Status& why) override { End(why); }

  InProcessNetwork& network_;
  const std::string from_;
  const std::string to_;
  Mutex mutex_;
  ControlEvents* events_ GUARDED_BY(mutex_);
  std::unique_ptr<ControlStream> inner_;
};

class InProcessNetwork::Transport final : public ControlTransport {
 public:
  Transport(InProcessNetwork& network, std::string from) : network_(network), from_(std::move(from)) {}

  std::unique_ptr<ControlStream> Join(const Member& to, std::shared_ptr<const ModelShape> /*shape*/,
                                      ControlEvents& events) override {
    auto stream = std::make_unique<Stream>(network_, from_, to.name, events);
    if (network_.Refuses(from_, to.name)) {
      stream->End(PermissionDenied(StrCat("node ", from_, " is no member of the swarm")));
      return stream;
    }
    {
      MutexLock lock(network_.mutex_);
      const auto endpoint = network_.endpoints_.find(to.name);
      const bool severed = network_.severed_.contains({from_, to.name});
      if (!severed && endpoint != network_.endpoints_.end() && endpoint->second.service != nullptr) {
        endpoint->second.streams.insert(stream.get());
        stream->Open(*endpoint->second.service);
        return stream;
      }
    }
    stream->End(Unavailable(StrCat("node ", to.name, " is dead")));
    return stream;
  }

  Result<HoldAnswer> Hold(const Member& to, const HoldNotice& notice, const CallLimit& /*limit*/) override {
    return Call<HoldAnswer>(to, [&](PeerService& service) { return service.Hold(from_, notice); });
  }
  Result<CoordinatesAnswer> Coordinates(const Member& to, const CoordinatesQuery& query,
                                        const CallLimit& limit) override {
    if (limit.timeout <= Duration::zero()) return DeadlineExceeded("it was given no time");
    return Call<CoordinatesAnswer>(to, [&](PeerService& service) { return service.Coordinates(from_, query); });
  }
  Result<std::vector<Digest>> PieceHashes(const Member& to, const Digest& blob, const CallLimit& limit) override {
    return Call<std::vector<Digest>>(to, [&](PeerService& service) { return service.PieceHashes(blob, limit.stop); });
  }
  Result<Resolved> Resolve(const Member& to, const ResolveQuery& query, const CallLimit& limit) override {
    return Call<Resolved>(to, [&](PeerService& service) { return service.Resolve(query, limit.stop); });
  }

 private:
  template <typename T>
  Result<T> Call(const Member& to, const std::function<Result<T>(PeerService&)>& call) {
    if (network_.Refuses(from_, to.name)) return PermissionDenied(StrCat("node ", from_, " is no member of the swarm"));
    bool frozen = false;
    PeerService* const service = network_.Borrow(from_, to.name, frozen);
    if (service == nullptr) return Unavailable(StrCat("node ", to.name, " is dead"));
    Result<T> answer = frozen ? Result<T>(DeadlineExceeded(StrCat("node ", to.name, " is stopped"))) : call(*service);
    network_.Return(to.name);
    return answer;
  }

  InProcessNetwork& network_;
  const std::string from_;
};

InProcessNetwork::~InProcessNetwork() {
  MutexLock lock(mutex_);
  BALLAST_CHECK(endpoints_.empty()) << "nodes are left: kill them";
}

std::unique_ptr<ControlTransport> InProcessNetwork::TransportOf(const std::string& name) {
  return std::make_unique<Transport>(*this, name);
}

void InProcessNetwork::RefuseNext(const std::string& from, const std::string& to, int calls) {
  MutexLock lock(mutex_);
  to_refuse_[{from, to}] = calls;
}

bool InProcessNetwork::Refuses(const std::string& from, const std::string& to) {
  MutexLock lock(mutex_);
  const auto left = to_refuse_.find({from, to});
  return left != to_refuse_.end() && left->second-- > 0;
}

void InProcessNetwork::Attach(const std::string& name, PeerService& service) {
  MutexLock lock(mutex_);
  endpoints_[name] = Endpoint{.service = &service};
}

void InProcessNetwork::Kill(const std::string& name) {
  MutexLock lock(mutex_);
  const auto endpoint = endpoints_.find(name);
  if (endpoint == endpoints_.end()) return;
  Endpoint dying = std::exchange(endpoint->second, {});
  for (Stream* const stream : dying.streams) stream->End(Unavailable(StrCat("node ", name, " is dead")));
  endpoint->second.streams = std::move(dying.streams);
  endpoint->second.calls = dying.calls;
  while (!endpoint->second.streams.empty() || endpoint->second.calls > 0) changed_.Wait(mutex_);
  endpoints_.erase(endpoint);
}

void InProcessNetwork::Freeze(const std::string& name) {
  MutexLock lock(mutex_);
  endpoints_.at(name).frozen = true;
}

void InProcessNetwork::Sever(const std::string& from, const std::string& to) {
  MutexLock lock(mutex_);
  severed_.insert({from, to});
}

PeerService* InProcessNetwork::Borrow(const std::string& from, const std::string& name, bool& frozen) {
  MutexLock lock(mutex_);
  if (severed_.contains({from, name})) return nullptr;
  const auto endpoint = endpoints_.find(name);
  if (endpoint == endpoints_.end() || endpoint->second.service == nullptr) return nullptr;
  ++endpoint->second.calls;
  frozen = endpoint->second.frozen;
  return endpoint->second.service;
}

void InProcessNetwork::Return(const std::string& name) {
  MutexLock lock(mutex_);
  --endpoints_.at(name).calls;
  changed_.NotifyAll();
}

void InProcessNetwork::Remove(const std::string& name, Stream* stream) {
  MutexLock lock(mutex_);
  if (const auto endpoint = endpoints_.find(name); endpoint != endpoints_.end()) endpoint->second.streams.erase(stream);
  changed_.NotifyAll();
}

bool InProcessNetwork::IsFrozen(const std::string& name) {
  MutexLock lock(mutex_);
  const auto endpoint = endpoints_.find(name);
  return endpoint == endpoints_.end() || endpoint->second.service == nullptr || endpoint->second.frozen;
}

}  // namespace ballast
