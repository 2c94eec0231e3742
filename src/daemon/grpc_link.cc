#include "daemon/grpc_link.h"

#include <utility>

#include "daemon/swarm_credentials.h"
#include "peering/peer_server.h"
#include "peering/peer_transport.h"

namespace ballast {
namespace {

CredentialsProvider ProviderOf(const SwarmCredentials* credentials) {
  if (credentials == nullptr) return {};
  return [credentials] { return credentials->credentials(); };
}

class GrpcLink final : public ControlLink {
 public:
  explicit GrpcLink(const ControlLinkParts& parts)
      : parts_(parts), transport_({parts.membership.self(), parts.nodes, ProviderOf(parts.credentials), parts.clock}) {}

  ControlTransport& transport() override { return transport_; }

  Status Serve(PeerService& service) override {
    const PeerServerOptions options{.host = parts_.config.listen.address,
                                    .port = parts_.config.listen.control_port,
                                    .plaintext = parts_.config.plaintext};
    ASSIGN_OR_RETURN(server_, PeerServer::Start(options, {.service = service,
                                                          .nodes = parts_.nodes,
                                                          .membership = parts_.membership,
                                                          .credentials = ProviderOf(parts_.credentials),
                                                          .clock = parts_.clock,
                                                          .progress = parts_.progress}));
    port_ = server_->port();
    return OkStatus();
  }
  void Refresh() override { transport_.Refresh(); }
  void Stop() override { server_.reset(); }
  uint16_t port() const override { return port_; }

 private:
  const ControlLinkParts parts_;
  PeerTransport transport_;
  std::unique_ptr<PeerServer> server_;
  uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<ControlLink>> MakeGrpcLink(const ControlLinkParts& parts) {
  return std::unique_ptr<ControlLink>(std::make_unique<GrpcLink>(parts));
}

}  // namespace ballast
