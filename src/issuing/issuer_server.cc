#include "issuing/issuer_server.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <utility>
#include <vector>

#include "issuing/bearer_token.h"
#include "peering/grpc_status.h"
#include "proto/issuer.grpc.pb.h"

namespace ballast {
namespace {

namespace v1 = issuer::v1;
using OurStatus = ::ballast::Status;

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

AdmitPeer Anybody() {
  return [](const PeerIdentity&) { return OkStatus(); };
}

}  // namespace

Result<std::unique_ptr<IssuerServer>> IssuerServer::Start(const IssuerServerOptions& options, Parts parts) {
  auto server = std::unique_ptr<IssuerServer>(new IssuerServer(std::move(parts)));
  const auto security = [&clock = server->parts_.clock](const Credentials* own) {
    return MakeServerCredentials(*own, Anybody(), clock, ClientCertificate::kOptional);
  };
  const auto serve = [&server = *server, max_calls = options.max_calls](grpc::ServerBuilder& builder) {
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    grpc::ResourceQuota quota("issuer");
    builder.SetResourceQuota(quota.Resize(kQuotaBytes).SetMaxThreads(max_calls + kPollers));
    GrpcServices serves;
    serves.services.push_back(std::make_unique<Calls>(server.parts_.service, server.stopping_.get_token()));
    return serves;
  };
  ASSIGN_OR_RETURN(
      server->listener_,
      GrpcListener::Start({.name = "the issuer", .host = options.host, .port = options.port, .drain = options.drain},
                          {.credentials = server->parts_.credentials, .security = security, .serve = serve}));
  return server;
}

IssuerServer::~IssuerServer() {
  if (!listener_) return;  // it never started
  listener_->StopAccepting();
  stopping_.request_stop();
}

}  // namespace ballast
