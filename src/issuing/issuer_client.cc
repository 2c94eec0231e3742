#include "issuing/issuer_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "identity/certificate_builder.h"
#include "identity/pem.h"
#include "issuing/bearer_token.h"
#include "issuing/key_proof.h"
#include "peering/grpc_status.h"
#include "peering/peer_tls.h"
#include "proto/issuer.grpc.pb.h"

namespace ballast {
namespace {

namespace v1 = issuer::v1;

constexpr int kMaxMessageBytes = 4 << 20;
constexpr size_t kMaxText = 2000;  // it may be two objects to apply

std::string HostAndPort(const IssuerAddress& address) {
  const bool ipv6 = address.host.find(':') != std::string::npos;
  return ipv6 ? StrCat("[", address.host, "]:", address.port) : StrCat(address.host, ":", address.port);
}

std::string TargetOf(const IssuerAddress& address) {
  const bool ipv6 = address.host.find(':') != std::string::npos;
  const bool ipv4 = address.host.find_first_not_of("0123456789.") == std::string::npos;
  const char* const scheme = ipv6 ? "ipv6:" : ipv4 ? "ipv4:" : "dns:///";
  return StrCat(scheme, HostAndPort(address));
}

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // the operator is reached by no detour
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetServiceConfigJSON("{}");
  return arguments;
}

bool IsAnothersTurn(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded ||
         status.code() == StatusCode::kResourceExhausted;
}

Result<v1::IssueCertificateRequest> OrderOf(EVP_PKEY& key, const std::string& token) {
  v1::IssueCertificateRequest order;
  ASSIGN_OR_RETURN(*order.mutable_public_key(), PublicKeyOf(key));
  ASSIGN_OR_RETURN(*order.mutable_proof(), ProveKey(key, token));
  return order;
}

Status CheckIssued(const Credentials& issued, const std::string& node, WallTime now) {
  ASSIGN_OR_RETURN(const CredentialFacts facts, Check(issued, now));
  ASSIGN_OR_RETURN(const PeerIdentity expected, PeerIdentity::Node(node));
  if (facts.identity == expected) return OkStatus();
  return FailedPrecondition(StrCat("the operator issued a certificate of ", facts.identity, ", but this is ", expected,
                                   ": the node's name must be that of its Node object"));
}

}  // namespace

template <typename Response, typename Call>
Result<Response> IssuerClient::Ask(const Credentials& own, const CallLimit& limit, Call call) const {
  const std::vector<IssuerAddress> addresses = parts_.addresses();
  if (addresses.empty()) return Unavailable("no operator is ready: look at the Deployment ballast-operator");
  const auto how = MakeChannelCredentials(own, PeerIdentity::Operator(), parts_.clock);
  const auto deadline = std::chrono::system_clock::now() + limit.timeout;
  Status last;
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (limit.stop.stop_requested()) return Cancelled("the call was stopped");
    const auto stub = v1::Issuer::NewStub(grpc::CreateCustomChannel(TargetOf(addresses[i]), how, Arguments()));
    grpc::ClientContext context;
    const auto now = std::chrono::system_clock::now();
    context.set_deadline(now + (deadline - now) / static_cast<int>(addresses.size() - i));  // the others' turn
    const std::stop_callback cancel(limit.stop, [&context] { context.TryCancel(); });
    Response response;
    last =
        FromGrpcStatus(call(*stub, context, response), StrCat("the operator at ", HostAndPort(addresses[i])), kMaxText);
    if (last.ok()) return response;
    if (!IsAnothersTurn(last)) return last;
  }
  return last;
}

Result<Credentials> IssuerClient::IssueCertificate(const CertificateRequest& request, const CallLimit& limit) const {
  ASSIGN_OR_RETURN(const KeyPtr key, MakeKey());
  ASSIGN_OR_RETURN(const v1::IssueCertificateRequest order, OrderOf(*key, request.token));
  ASSIGN_OR_RETURN(const auto response, Ask<v1::IssueCertificateResponse>(
                                            {.ca = request.ca, .certificate = "", .key = ""}, limit,
                                            [&](auto& stub, auto& context, auto& answer) {
                                              context.AddMetadata(kAuthorizationKey, BearerHeader(request.token));
                                              return stub.IssueCertificate(&context, order, &answer);
                                            }));
  Credentials issued{.ca = response.ca(), .certificate = response.certificate(), .key = ""};
  ASSIGN_OR_RETURN(issued.key, PemOf(*key));
  RETURN_IF_ERROR(CheckIssued(issued, request.node, parts_.clock.Now()));
  return issued;
}

Result<std::string> IssuerClient::OriginToken(const Credentials& own, const std::string& cache,
                                              const CallLimit& limit) const {
  v1::OriginTokenRequest request;
  request.set_cache(cache);
  ASSIGN_OR_RETURN(auto response,
                   Ask<v1::OriginTokenResponse>(own, limit, [&](auto& stub, auto& context, auto& answer) {
                     return stub.OriginToken(&context, request, &answer);
                   }));
  return response.token();
}

}  // namespace ballast
