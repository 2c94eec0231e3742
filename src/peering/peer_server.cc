#include "peering/peer_server.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "base/logging.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "base/thread.h"
#include "base/worker_pool.h"
#include "peering/peer_codec.h"
#include "peering/peer_grpc_service.h"
#include "swarm/admit_members.h"
#include "swarm/tcp.h"

namespace ballast {
namespace {

constexpr int kPollMilliseconds = 1000;  // how often credentials are looked at while nobody comes
constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::milliseconds kGoAway{200};  // until the others have heard it
constexpr int kHandshakeMilliseconds = 5000;
constexpr int kStreamsPerConnection = 1000;
constexpr size_t kQuotaBytes = 64 << 20;
constexpr int kBlockingCalls = 4;

using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

// One grpc::Server: the certificates it was made with are those of its connections for ever.
struct Generation {
  std::shared_ptr<const Credentials> credentials;
  std::unique_ptr<PeerGrpcService> service;
  std::unique_ptr<AgentGrpcService> agent;  // null: the operator has no say here
  std::unique_ptr<Acceptor> acceptor;
  std::unique_ptr<grpc::Server> server;
};

// Each service looks again at who calls it.
AdmitPeer MembersAndOperator(const Membership& membership) {
  return [members = AdmitMembers(membership)](const PeerIdentity& peer) {
    return peer.is_operator() ? OkStatus() : members(peer);
  };
}

}  // namespace

struct PeerServer::State {
  State(const PeerServerOptions& the_options, Parts the_parts, UniqueFd socket)
      : options(the_options), parts(std::move(the_parts)), listening(std::move(socket)) {}

  std::unique_ptr<Generation> Make(std::shared_ptr<const Credentials> credentials);
  void Renew();
  void End(Generation& old) const;
  void Run(const std::stop_token& stop);
  bool AcceptOne();

  const PeerServerOptions options;
  const Parts parts;
  const UniqueFd listening;
  WorkerPool pool{"peer-calls", kBlockingCalls};
  std::unique_ptr<Generation> current;  // of the accepting thread
  bool short_of = false;
  std::vector<std::jthread> ending;
  std::jthread thread;
};

std::unique_ptr<Generation> PeerServer::State::Make(std::shared_ptr<const Credentials> credentials) {
  auto made = std::make_unique<Generation>();
  made->credentials = std::move(credentials);
  made->service = std::make_unique<PeerGrpcService>(PeerGrpcService::Parts{.service = parts.service,
                                                                           .nodes = parts.nodes,
                                                                           .membership = parts.membership,
                                                                           .pool = pool,
                                                                           .plaintext = options.plaintext});
  grpc::ServerBuilder builder;
  builder.RegisterService(made->service.get());
  const bool for_operator = parts.progress && !options.plaintext;
  if (for_operator) made->agent = std::make_unique<AgentGrpcService>(parts.progress);
  if (for_operator) builder.RegisterService(made->agent.get());
  builder.SetMaxReceiveMessageSize(kMaxPeerMessageBytes);
  builder.SetMaxSendMessageSize(2 * kMaxPeerMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  grpc::ResourceQuota quota("peers");
  builder.SetResourceQuota(quota.Resize(kQuotaBytes));
  const AdmitPeer admit = for_operator ? MembersAndOperator(parts.membership) : AdmitMembers(parts.membership);
  const auto how = options.plaintext ? grpc::InsecureServerCredentials()
                                     : MakeServerCredentials(*made->credentials, admit, parts.clock);
  using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  made->acceptor = builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD, how);
  made->server = builder.BuildAndStart();
  if (made->server == nullptr) {
    LOG(ERROR) << Message("gRPC does not start with these certificates");
    return nullptr;
  }
  return made;
}

void PeerServer::State::Renew() {
  if (options.plaintext) {
    if (!current) current = Make(nullptr);
    return;
  }
  std::shared_ptr<const Credentials> now = parts.credentials();
  if (now == (current ? current->credentials : nullptr)) return;
  std::unique_ptr<Generation> next = now ? Make(std::move(now)) : nullptr;
  if (!next) return;  // what there is stays
  std::swap(current, next);
  if (!next) return;
  LOG(INFO) << Message("New certificates for the control channel: older connections begin anew");
  ending.push_back(StartThread([this, old = std::shared_ptr<Generation>(std::move(next))] { End(*old); }));
}

// New streams of those that are connected already need a new connection from now on (GOAWAY). Then the streams that run
// are asked to begin anew; what is left after a while ends.
void PeerServer::State::End(Generation& old) const {
  const std::jthread tell = StartThread([&old] {
    std::this_thread::sleep_for(kGoAway);
    old.service->BeginAnew();
  });
  old.server->Shutdown(std::chrono::system_clock::now() + options.drain);
}

bool PeerServer::State::AcceptOne() {
  Result<std::optional<AcceptedTcp>> accepted = AcceptTcp(listening.get());
  if (!accepted.ok()) {
    if (!std::exchange(short_of, true))
      LOG(ERROR)
          << Message("Connections of other nodes wait: raise the limit of open files").With("error", accepted.status());
    std::this_thread::sleep_for(kPause);
    return false;
  }
  short_of = false;
  if (!*accepted) return false;
  if (!current) return true;  // no certificate yet: it closes
  Acceptor::NewConnectionParameters connection;
  connection.listener_fd = listening.get();
  connection.fd = (*accepted)->socket.Release();
  current->acceptor->HandleNewConnection(&connection);
  return true;
}

void PeerServer::State::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd ready{.fd = listening.get(), .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, kPollMilliseconds);
    if (stop.stop_requested()) return;
    Renew();
    while (!stop.stop_requested() && AcceptOne()) {
    }
  }
}

PeerServer::PeerServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<PeerServer>> PeerServer::Start(const PeerServerOptions& options, Parts parts) {
  ASSIGN_OR_RETURN(UniqueFd listening, ListenTcp(options.host, options.port));
  if (options.plaintext)
    LOG(WARNING) << Message("The control channel is in plaintext: whoever reaches it can say that it is any node");
  auto state = std::make_unique<State>(options, std::move(parts), std::move(listening));
  state->Renew();
  state->thread = StartThread([&state = *state](const std::stop_token& stop) { state.Run(stop); });
  return std::unique_ptr<PeerServer>(new PeerServer(std::move(state)));
}

PeerServer::~PeerServer() {
  state_->thread.request_stop();
  ::shutdown(state_->listening.get(), SHUT_RDWR);  // wakes poll()
  state_->thread = {};
  state_->pool.Stop();
  if (state_->current) state_->current->server->Shutdown(std::chrono::system_clock::now());
  state_->ending.clear();
}

uint16_t PeerServer::port() const { return LocalPort(state_->listening.get()); }

}  // namespace ballast
