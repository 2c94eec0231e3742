#include "peering/peer_server.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "base/logging.h"
#include "peering/peer_codec.h"
#include "peering/peer_grpc_service.h"
#include "swarm/admit_members.h"

namespace ballast {
namespace {

constexpr int kStreamsPerConnection = 1000;
constexpr size_t kQuotaBytes = 64 << 20;
constexpr int kBlockingCalls = 4;

}  // namespace

PeerServer::PeerServer(const PeerServerOptions& options, Parts parts)
    : plaintext_(options.plaintext), parts_(std::move(parts)), pool_("peer-calls", kBlockingCalls) {}

// The operator is let in where it may ask for progress; each service looks again at who calls it.
AdmitPeer PeerServer::Admitted() const {
  AdmitPeer members = AdmitMembers(parts_.membership);
  if (!parts_.progress) return members;
  return [members = std::move(members)](const PeerIdentity& peer) {
    return peer.is_operator() ? OkStatus() : members(peer);
  };
}

GrpcServices PeerServer::Serve(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxPeerMessageBytes);
  builder.SetMaxSendMessageSize(2 * kMaxPeerMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  grpc::ResourceQuota quota("peers");
  builder.SetResourceQuota(quota.Resize(kQuotaBytes));
  auto peer = std::make_unique<PeerGrpcService>(PeerGrpcService::Parts{.service = parts_.service,
                                                                       .nodes = parts_.nodes,
                                                                       .membership = parts_.membership,
                                                                       .pool = pool_,
                                                                       .plaintext = plaintext_});
  GrpcServices serves{.begin_anew = [peer = peer.get()] { peer->BeginAnew(); }};
  serves.services.push_back(std::move(peer));
  if (parts_.progress && !plaintext_) serves.services.push_back(std::make_unique<AgentGrpcService>(parts_.progress));
  return serves;
}

Result<std::unique_ptr<PeerServer>> PeerServer::Start(const PeerServerOptions& options, Parts parts) {
  if (options.plaintext)
    LOG(WARNING) << Message("The control channel is in plaintext: whoever reaches it can say that it is any node");
  auto server = std::unique_ptr<PeerServer>(new PeerServer(options, std::move(parts)));
  const auto security = [&server = *server](const Credentials* own) {
    return own == nullptr ? grpc::InsecureServerCredentials()
                          : MakeServerCredentials(*own, server.Admitted(), server.parts_.clock);
  };
  ASSIGN_OR_RETURN(
      server->listener_,
      GrpcListener::Start(
          {.name = "the control channel", .host = options.host, .port = options.port, .drain = options.drain},
          {.credentials = options.plaintext ? CredentialsProvider() : server->parts_.credentials,
           .security = security,
           .serve = [&server = *server](grpc::ServerBuilder& builder) { return server.Serve(builder); }}));
  return server;
}

PeerServer::~PeerServer() {
  if (!listener_) return;  // it never started
  listener_->StopAccepting();
  pool_.Stop();
}

}  // namespace ballast
