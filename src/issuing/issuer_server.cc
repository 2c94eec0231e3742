#include "issuing/issuer_server.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>
#include <utility>
#include <vector>

#include "base/logging.h"
#include "base/thread.h"
#include "issuing/bearer_token.h"
#include "peering/grpc_status.h"
#include "proto/issuer.grpc.pb.h"
#include "swarm/tcp.h"

namespace ballast {
namespace {

namespace v1 = issuer::v1;
using Acceptor = grpc::experimental::ExternalConnectionAcceptor;
using OurStatus = ::ballast::Status;

constexpr int kPollMilliseconds = 1000;  // how often credentials are looked at while nobody comes
constexpr std::chrono::milliseconds kPause{100};
constexpr int kHandshakeMilliseconds = 5000;
constexpr int kMaxMessageBytes = 64 << 10;
constexpr size_t kQuotaBytes = 32 << 20;
constexpr int kPollers = 2;  // threads beside those of calls

std::string TextOf(const grpc::string_ref& text) { return {text.data(), text.size()}; }

std::vector<std::string> ValuesOf(const grpc::ServerContext& context, const char* key) {
  std::vector<std::string> values;
  const auto [begin, end] = context.client_metadata().equal_range(key);
  for (auto at = begin; at != end; ++at) values.push_back(TextOf(at->second));
  return values;
}

// The node whose certificate the connection has shown.
Result<std::string> NodeOf(const grpc::ServerContext& context) {
  std::vector<std::string> uris;
  for (const grpc::string_ref& uri : context.auth_context()->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME))
    uris.push_back(TextOf(uri));
  if (uris.empty()) return Unauthenticated("show the node's certificate: ask IssueCertificate for one first");
  ASSIGN_OR_RETURN(const PeerIdentity identity, PeerIdentity::FromUris(uris));
  if (identity.is_operator()) return PermissionDenied("only a node may ask for this");
  return identity.node();
}

class Calls final : public v1::Issuer::Service {
 public:
  Calls(IssuerService& service, std::stop_token stop) : service_(service), stop_(std::move(stop)) {}

  grpc::Status IssueCertificate(grpc::ServerContext* context, const v1::IssueCertificateRequest* request,
                                v1::IssueCertificateResponse* response) override {
    return ToGrpcStatus(Issue(*context, *request, *response));
  }
  grpc::Status OriginToken(grpc::ServerContext* context, const v1::OriginTokenRequest* request,
                           v1::OriginTokenResponse* response) override {
    return ToGrpcStatus(Hand(*context, *request, *response));
  }

 private:
  OurStatus Issue(const grpc::ServerContext& context, const v1::IssueCertificateRequest& request,
                  v1::IssueCertificateResponse& response) {
    CertificateOrder order{.public_key = request.public_key(), .proof = request.proof()};
    ASSIGN_OR_RETURN(order.token, BearerToken(ValuesOf(context, kAuthorizationKey)));
    ASSIGN_OR_RETURN(IssuedChain issued, service_.IssueCertificate(order, stop_));
    response.set_certificate(std::move(issued.certificate));
    response.set_ca(std::move(issued.ca));
    return OkStatus();
  }
  OurStatus Hand(const grpc::ServerContext& context, const v1::OriginTokenRequest& request,
                 v1::OriginTokenResponse& response) {
    ASSIGN_OR_RETURN(const std::string node, NodeOf(context));
    ASSIGN_OR_RETURN(std::string token, service_.OriginToken(node, request.cache(), stop_));
    response.set_token(std::move(token));
    return OkStatus();
  }

  IssuerService& service_;
  const std::stop_token stop_;
};

// One grpc::Server: the certificates it was made with are those of its connections for ever.
struct Generation {
  std::shared_ptr<const Credentials> credentials;
  std::unique_ptr<Calls> calls;
  std::unique_ptr<Acceptor> acceptor;
  std::unique_ptr<grpc::Server> server;
};

AdmitPeer Anybody() {
  return [](const PeerIdentity&) { return OkStatus(); };
}

}  // namespace

// Accepts on a socket of its own and hands the connections to gRPC, as PeerServer does and for its reasons.
struct IssuerServer::State {
  State(const IssuerServerOptions& the_options, Parts the_parts, UniqueFd socket)
      : options(the_options), parts(std::move(the_parts)), listening(std::move(socket)) {}

  std::unique_ptr<Generation> Make(std::shared_ptr<const Credentials> credentials);
  void Renew();
  void Run(const std::stop_token& stop);
  bool AcceptOne();

  const IssuerServerOptions options;
  const Parts parts;
  const UniqueFd listening;
  std::stop_source stopping;            // of the calls
  std::unique_ptr<Generation> current;  // of the accepting thread
  bool short_of = false;
  std::vector<std::jthread> ending;
  std::jthread thread;
};

std::unique_ptr<Generation> IssuerServer::State::Make(std::shared_ptr<const Credentials> credentials) {
  auto made = std::make_unique<Generation>();
  made->credentials = std::move(credentials);
  made->calls = std::make_unique<Calls>(parts.service, stopping.get_token());
  grpc::ServerBuilder builder;
  builder.RegisterService(made->calls.get());
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMilliseconds);
  grpc::ResourceQuota quota("issuer");
  builder.SetResourceQuota(quota.Resize(kQuotaBytes).SetMaxThreads(options.max_calls + kPollers));
  using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  made->acceptor = builder.experimental().AddExternalConnectionAcceptor(
      Type::FROM_FD, MakeServerCredentials(*made->credentials, Anybody(), parts.clock, ClientCertificate::kOptional));
  made->server = builder.BuildAndStart();
  if (made->server == nullptr) {
    LOG(ERROR) << Message("gRPC does not start with these certificates");
    return nullptr;
  }
  return made;
}

void IssuerServer::State::Renew() {
  std::shared_ptr<const Credentials> now = parts.credentials();
  if (now == (current ? current->credentials : nullptr)) return;
  std::unique_ptr<Generation> next = now ? Make(std::move(now)) : nullptr;
  if (!next) return;  // what there is stays
  std::swap(current, next);
  if (!next) return;
  LOG(INFO) << Message("New certificates for the issuer: older connections end");
  ending.push_back(StartThread([old = std::shared_ptr<Generation>(std::move(next)), drain = options.drain] {
    old->server->Shutdown(std::chrono::system_clock::now() + drain);
  }));
}

bool IssuerServer::State::AcceptOne() {
  Result<std::optional<AcceptedTcp>> accepted = AcceptTcp(listening.get());
  if (!accepted.ok()) {
    if (!std::exchange(short_of, true))
      LOG(ERROR)
          << Message("Connections of nodes wait: raise the limit of open files").With("error", accepted.status());
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

void IssuerServer::State::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd ready{.fd = listening.get(), .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, kPollMilliseconds);
    if (stop.stop_requested()) return;
    Renew();
    while (!stop.stop_requested() && AcceptOne()) {
    }
  }
}

IssuerServer::IssuerServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<IssuerServer>> IssuerServer::Start(const IssuerServerOptions& options, Parts parts) {
  ASSIGN_OR_RETURN(UniqueFd listening, ListenTcp(options.host, options.port));
  auto state = std::make_unique<State>(options, std::move(parts), std::move(listening));
  state->Renew();
  state->thread = StartThread([&state = *state](const std::stop_token& stop) { state.Run(stop); });
  return std::unique_ptr<IssuerServer>(new IssuerServer(std::move(state)));
}

IssuerServer::~IssuerServer() {
  state_->thread.request_stop();
  state_->stopping.request_stop();
  ::shutdown(state_->listening.get(), SHUT_RDWR);  // wakes poll()
  state_->thread = {};
  if (state_->current) state_->current->server->Shutdown(std::chrono::system_clock::now());
  state_->ending.clear();
}

uint16_t IssuerServer::port() const { return LocalPort(state_->listening.get()); }

}  // namespace ballast
