#include "operator/issuer/node_claim.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast::controller {
namespace {

constexpr char kNodeNameClaim[] = "authentication.kubernetes.io/node-name";

}  // namespace

Json MakeNodeReview(const std::string& token) { return MakeTokenReview(token, {kIssuerAudience}); }

Result<std::string> NodeOfReview(const Json& review, const ObjectName& service_account) {
  if (!IsAuthenticated(review)) return Unauthenticated("the apiserver does not accept this token");
  const Json& status = ChildAt(review, "/status");
  // An apiserver that knows no audiences names none, and may have accepted a token for another.
  const Json& audiences = ChildAt(status, "/audiences");
  if (std::find(audiences.begin(), audiences.end(), kIssuerAudience) == audiences.end())
    return Unauthenticated(StrCat("the token is not for the audience ", kIssuerAudience));
  const std::string username = StringAt(status, "/user/username");
  if (username != StrCat("system:serviceaccount:", service_account.ns, ":", service_account.name))
    return PermissionDenied(
        StrCat("only the service account ", service_account, " gets certificates of nodes, not ", Quoted(username)));
  const Json& extra = ChildAt(status, "/user/extra");
  const auto nodes = extra.find(kNodeNameClaim);
  if (nodes == extra.end() || !nodes->is_array() || nodes->size() != 1 || !nodes->front().is_string())
    return FailedPrecondition(
        "the token names no node: it must be a projected one of a running pod, and Kubernetes 1.30 or newer");
  return nodes->front().get<std::string>();
}

}  // namespace ballast::controller
