#include "peering/peer_grpc_service.h"

#include <grpc/grpc_security_constants.h>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "peering/grpc_status.h"
#include "peering/peer_codec.h"
#include "peering/peer_server.h"
#include "swarm/admit_members.h"

namespace ballast {
namespace {

namespace v1 = peer::v1;
using OurStatus = ::ballast::Status;

std::vector<std::string> UrisOf(const grpc::CallbackServerContext& context) {
  std::vector<std::string> uris;
  for (const grpc::string_ref& uri : context.auth_context()->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME))
    uris.emplace_back(uri.data(), uri.size());
  return uris;
}

Result<std::string> NameInMetadata(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto name = metadata.find(kPlaintextNodeKey);
  if (name == metadata.end() || metadata.count(kPlaintextNodeKey) != 1)
    return Unauthenticated("the caller does not name its node");
  return std::string(name->second.data(), name->second.size());
}

// A call that waits for a thread: it is ended also where the pool stops and drops it.
class Pending {
 public:
  explicit Pending(std::function<void(const OurStatus&)> finish) : finish_(std::move(finish)) {}
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  ~Pending() {
    if (!begun_) finish_(Unavailable("this node is stopping"));
  }
  void Begin() { begun_ = true; }

 private:
  const std::function<void(const OurStatus&)> finish_;
  bool begun_ = false;
};

// Refuses a stream.
class RefusedJoin final : public grpc::ServerBidiReactor<v1::FromNode, v1::FromCoordinator> {
 public:
  explicit RefusedJoin(const OurStatus& why) { Finish(ToGrpcStatus(why)); }
  void OnDone() override { delete this; }  // NOLINT(cppcoreguidelines-owning-memory): gRPC's form
};

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const OurStatus& status) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

class ResolveCall final : public grpc::ServerWriteReactor<v1::ResolvePart> {
 public:
  void Begin(Resolved resolved) {
    resolved_ = std::move(resolved);
    OnWriteDone(true);
  }
  void OnWriteDone(bool ok) override {
    part_.Clear();
    if (!ok) return Finish(grpc::Status::CANCELLED);
    if (!EncodePart(resolved_, next_++, part_)) return Finish(grpc::Status::OK);
    StartWrite(&part_);
  }
  void OnCancel() override { stop_.request_stop(); }
  void OnDone() override { delete this; }  // NOLINT(cppcoreguidelines-owning-memory): gRPC's form
  std::stop_token stop() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  Resolved resolved_;
  v1::ResolvePart part_;
  size_t next_ = 0;
};

// Both the caller and this node may stop.
std::stop_source Either(const std::stop_token& a, std::optional<std::stop_callback<std::function<void()>>>& on_a) {
  std::stop_source both;
  on_a.emplace(a, std::function<void()>([both]() mutable { both.request_stop(); }));
  return both;
}

}  // namespace

Result<std::string> PeerGrpcService::Caller(const grpc::CallbackServerContext& context) const {
  std::string name;
  if (parts_.plaintext) {
    ASSIGN_OR_RETURN(name, NameInMetadata(context));
    ASSIGN_OR_RETURN(const PeerIdentity identity, PeerIdentity::Node(name));
    RETURN_IF_ERROR(AdmitMembers(parts_.membership)(identity));
    return name;
  }
  ASSIGN_OR_RETURN(const PeerIdentity identity, PeerIdentity::FromUris(UrisOf(context)));
  RETURN_IF_ERROR(AdmitMembers(parts_.membership)(identity));
  return identity.node();
}

grpc::ServerBidiReactor<v1::FromNode, v1::FromCoordinator>* PeerGrpcService::Join(
    grpc::CallbackServerContext* context) {
  const Result<std::string> from = Caller(*context);
  if (!from.ok()) return new RefusedJoin(from.status());  // NOLINT(cppcoreguidelines-owning-memory): gRPC's form
  return StartJoinCall(parts_.service, parts_.nodes, *from, joins_);
}

grpc::ServerUnaryReactor* PeerGrpcService::Hold(grpc::CallbackServerContext* context, const v1::HoldRequest* request,
                                                v1::HoldResponse* response) {
  const auto hold = [&]() -> OurStatus {
    ASSIGN_OR_RETURN(const std::string from, Caller(*context));
    ASSIGN_OR_RETURN(const HoldNotice notice, Decode(*request));
    ASSIGN_OR_RETURN(const HoldAnswer answer, parts_.service.Hold(from, notice));
    Encode(answer, *response);
    return OkStatus();
  };
  return Answer(context, hold());
}

grpc::ServerUnaryReactor* PeerGrpcService::Coordinates(grpc::CallbackServerContext* context,
                                                       const v1::CoordinatesRequest* request,
                                                       v1::CoordinatesResponse* response) {
  const auto answer = [&]() -> OurStatus {
    ASSIGN_OR_RETURN(const std::string from, Caller(*context));
    ASSIGN_OR_RETURN(const CoordinatesQuery query, Decode(*request));
    ASSIGN_OR_RETURN(const CoordinatesAnswer answer, parts_.service.Coordinates(from, query));
    Encode(answer, *response);
    return OkStatus();
  };
  return Answer(context, answer());
}

grpc::ServerUnaryReactor* PeerGrpcService::PieceHashes(grpc::CallbackServerContext* context,
                                                       const v1::PieceHashesRequest* request,
                                                       v1::PieceHashesResponse* response) {
  const Result<std::string> from = Caller(*context);
  const Result<Digest> blob = Decode(*request);
  if (!from.ok()) return Answer(context, from.status());
  if (!blob.ok()) return Answer(context, blob.status());
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  auto pending = std::make_shared<Pending>([reactor](const OurStatus& why) { reactor->Finish(ToGrpcStatus(why)); });
  parts_.pool.Submit([this, pending, reactor, response, blob = *blob](const std::stop_token& stop) {
    pending->Begin();
    const auto hashes = parts_.service.PieceHashes(blob, stop);
    if (hashes.ok() && hashes->size() <= kMaxPieceHashes) Encode(*hashes, *response);
    reactor->Finish(ToGrpcStatus(hashes.status()));
  });
  return reactor;
}

grpc::ServerWriteReactor<v1::ResolvePart>* PeerGrpcService::Resolve(grpc::CallbackServerContext* context,
                                                                    const v1::ResolveRequest* request) {
  auto* const call = new ResolveCall();  // NOLINT(cppcoreguidelines-owning-memory): gRPC's form, it deletes itself
  const Result<std::string> from = Caller(*context);
  Result<ResolveQuery> query = Decode(*request);
  if (!from.ok() || !query.ok()) {
    call->Finish(ToGrpcStatus(from.ok() ? query.status() : from.status()));
    return call;
  }
  auto pending = std::make_shared<Pending>([call](const OurStatus& why) { call->Finish(ToGrpcStatus(why)); });
  parts_.pool.Submit([this, pending, call, query = *query](const std::stop_token& stop) {
    pending->Begin();
    std::optional<std::stop_callback<std::function<void()>>> on_stop;
    const std::stop_token cancelled = call->stop();
    std::stop_source both = Either(stop, on_stop);
    const std::stop_callback on_cancel(cancelled, [&both] { both.request_stop(); });
    Result<Resolved> resolved = parts_.service.Resolve(query, both.get_token());
    if (!resolved.ok()) return call->Finish(ToGrpcStatus(resolved.status()));
    call->Begin(*std::move(resolved));
  });
  return call;
}

}  // namespace ballast
