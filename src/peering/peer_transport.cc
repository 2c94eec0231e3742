#include "peering/peer_transport.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/gate.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "peering/callback_threads.h"
#include "peering/grpc_status.h"
#include "peering/join_stream.h"
#include "peering/peer_codec.h"
#include "peering/peer_server.h"

namespace ballast {
namespace {

namespace v1 = peer::v1;

constexpr int kFirstBackoffMilliseconds = 100;
constexpr int kMaxBackoffMilliseconds = 2000;
constexpr int kConnectMilliseconds = 2000;

std::string TargetOf(const Member& to) {
  const bool ipv6 = to.host.find(':') != std::string::npos;
  if (ipv6) return StrCat("ipv6:[", to.host, "]:", to.control_port);
  const bool ipv4 = to.host.find_first_not_of("0123456789.") == std::string::npos;
  return StrCat(ipv4 ? "ipv4:" : "dns:///", to.host, ":", to.control_port);
}

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // nodes are reached as members, by no detour
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);     // who asks again is decided above
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstBackoffMilliseconds);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMilliseconds);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxBackoffMilliseconds);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetMaxReceiveMessageSize(2 * kMaxPeerMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxPeerMessageBytes);
  arguments.SetServiceConfigJSON("{}");
  return arguments;
}

struct Connection {
  Member member;
  std::shared_ptr<const Credentials> credentials;
  std::shared_ptr<v1::Peer::Stub> stub;
};

// What a session holds: hangs up when it goes.
class Stream final : public ControlStream {
 public:
  explicit Stream(std::shared_ptr<JoinStream> stream) : stream_(std::move(stream)) {}
  ~Stream() override { stream_->HangUp(); }
  void Send(FromNode message) override { stream_->Send(message); }

 private:
  const std::shared_ptr<JoinStream> stream_;
};

// There is nothing to speak over.
class DeadStream final : public ControlStream {
 public:
  void Send(FromNode /*message*/) override {}
};

}  // namespace

struct PeerTransport::State {
  explicit State(Parts the_parts) : parts(std::move(the_parts)) {}

  Result<Connection> To(const Member& member) EXCLUDES(mutex);
  bool plaintext() const { return parts.credentials == nullptr; }

  template <typename Response, typename Call>
  Result<Response> Ask(const Member& to, const CallLimit& limit, Call call);

  const Parts parts;
  Gate gate;
  Mutex mutex;
  std::map<std::string, Connection> connections GUARDED_BY(mutex);
  struct Open {
    std::weak_ptr<JoinStream> stream;
    std::shared_ptr<const Credentials> credentials;
  };
  std::vector<Open> streams GUARDED_BY(mutex);
};

Result<Connection> PeerTransport::State::To(const Member& member) {
  std::shared_ptr<const Credentials> credentials = plaintext() ? nullptr : parts.credentials();
  if (!plaintext() && !credentials)
    return FailedPrecondition("this node has no certificate yet: it cannot speak with others of the swarm");
  MutexLock lock(mutex);
  Connection& connection = connections[member.name];
  if (connection.stub && connection.member == member && connection.credentials == credentials) return connection;
  ASSIGN_OR_RETURN(const PeerIdentity server, PeerIdentity::Node(member.name));
  const auto how =
      plaintext() ? grpc::InsecureChannelCredentials() : MakeChannelCredentials(*credentials, server, parts.clock);
  connection = {.member = member,
                .credentials = std::move(credentials),
                .stub = v1::Peer::NewStub(grpc::CreateCustomChannel(TargetOf(member), how, Arguments()))};
  return connection;
}

template <typename Response, typename Call>
Result<Response> PeerTransport::State::Ask(const Member& to, const CallLimit& limit, Call call) {
  ASSIGN_OR_RETURN(const Connection connection, To(to));
  grpc::ClientContext context;
  if (plaintext()) context.AddMetadata(kPlaintextNodeKey, parts.self);
  context.set_deadline(std::chrono::system_clock::now() + limit.timeout);
  const std::stop_callback cancel(limit.stop, [&context] { context.TryCancel(); });
  Response response;
  const grpc::Status status = call(*connection.stub, context, response);
  RETURN_IF_ERROR(FromGrpcStatus(status, "node " + to.name));
  return response;
}

PeerTransport::PeerTransport(Parts parts) : state_(std::make_unique<State>(std::move(parts))) { KeepCallbackThreads(); }

PeerTransport::~PeerTransport() { state_->gate.Close(); }

std::unique_ptr<ControlStream> PeerTransport::Join(const Member& to, std::shared_ptr<const ModelShape> shape,
                                                   ControlEvents& events) {
  const Result<Connection> connection = state_->To(to);
  if (!connection.ok()) {
    events.OnEnd(connection.status());
    return std::make_unique<DeadStream>();
  }
  auto stream =
      std::make_shared<JoinStream>(JoinStream::Parts{.to = to.name,
                                                     .plaintext_self = state_->plaintext() ? state_->parts.self : "",
                                                     .stub = connection->stub,
                                                     .shape = std::move(shape),
                                                     .nodes = state_->parts.nodes,
                                                     .pass = state_->gate.Enter()},
                                   events);
  {
    MutexLock lock(state_->mutex);
    std::erase_if(state_->streams, [](const State::Open& open) { return open.stream.expired(); });
    state_->streams.push_back({stream, connection->credentials});
  }
  stream->Begin();
  return std::make_unique<Stream>(std::move(stream));
}

void PeerTransport::Refresh() {
  if (state_->plaintext()) return;
  const std::shared_ptr<const Credentials> now = state_->parts.credentials();
  std::vector<std::shared_ptr<JoinStream>> old;
  {
    MutexLock lock(state_->mutex);
    std::erase_if(state_->connections, [&now](const auto& entry) { return entry.second.credentials != now; });
    for (const State::Open& open : state_->streams) {
      if (open.credentials != now) old.push_back(open.stream.lock());
    }
    std::erase_if(state_->streams, [&now](const State::Open& open) { return open.credentials != now; });
  }
  for (const auto& stream : old) {
    if (stream) stream->AskToBeginAnew();
  }
}

Result<HoldAnswer> PeerTransport::Hold(const Member& to, const HoldNotice& notice, const CallLimit& limit) {
  v1::HoldRequest request;
  Encode(notice, request);
  ASSIGN_OR_RETURN(const auto response,
                   state_->Ask<v1::HoldResponse>(to, limit, [&](auto& stub, auto& context, auto& answer) {
                     return stub.Hold(&context, request, &answer);
                   }));
  return Decode(response);
}

Result<CoordinatesAnswer> PeerTransport::Coordinates(const Member& to, const CoordinatesQuery& query,
                                                     const CallLimit& limit) {
  v1::CoordinatesRequest request;
  Encode(query, request);
  ASSIGN_OR_RETURN(const auto response,
                   state_->Ask<v1::CoordinatesResponse>(to, limit, [&](auto& stub, auto& context, auto& answer) {
                     return stub.Coordinates(&context, request, &answer);
                   }));
  return Decode(response);
}

Result<std::vector<Digest>> PeerTransport::PieceHashes(const Member& to, const Digest& blob, const CallLimit& limit) {
  v1::PieceHashesRequest request;
  Encode(blob, request);
  ASSIGN_OR_RETURN(const auto response,
                   state_->Ask<v1::PieceHashesResponse>(to, limit, [&](auto& stub, auto& context, auto& answer) {
                     return stub.PieceHashes(&context, request, &answer);
                   }));
  return Decode(response);
}

Result<Resolved> PeerTransport::Resolve(const Member& to, const ResolveQuery& query, const CallLimit& limit) {
  v1::ResolveRequest request;
  Encode(query, request);
  ResolvedReader reader;
  Status bad;
  const auto read = state_->Ask<v1::ResolvePart>(to, limit, [&](auto& stub, auto& context, auto& part) {
    const auto parts = stub.Resolve(&context, request);
    while (bad.ok() && parts->Read(&part)) bad = reader.Add(part);
    if (!bad.ok()) context.TryCancel();
    return parts->Finish();
  });
  RETURN_IF_ERROR(bad);
  RETURN_IF_ERROR(read.status());
  return reader.Take();
}

}  // namespace ballast
