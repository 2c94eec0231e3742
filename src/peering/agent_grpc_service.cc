#include "peering/agent_grpc_service.h"

#include <grpc/grpc_security_constants.h>

#include <string>
#include <vector>

#include "base/strings.h"
#include "identity/peer_identity.h"
#include "peering/grpc_status.h"

namespace ballast {
namespace {

using OurStatus = ::ballast::Status;

OurStatus CheckIsOperator(const grpc::CallbackServerContext& context) {
  std::vector<std::string> uris;
  for (const grpc::string_ref& uri : context.auth_context()->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME))
    uris.emplace_back(uri.data(), uri.size());
  ASSIGN_OR_RETURN(const PeerIdentity caller, PeerIdentity::FromUris(uris));
  return caller.is_operator() ? OkStatus() : PermissionDenied(StrCat(caller, " is not the operator"));
}

}  // namespace

grpc::ServerUnaryReactor* AgentGrpcService::Progress(grpc::CallbackServerContext* context,
                                                     const agent::v1::ProgressRequest* /*request*/,
                                                     agent::v1::ProgressResponse* response) {
  const OurStatus admitted = CheckIsOperator(*context);
  if (admitted.ok()) *response = progress_();
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(admitted));
  return reactor;
}

}  // namespace ballast
