// An origin's token out of a Secret, which its owner lets the operator read.
#pragma once

#include <string>

#include "kube/kube_client.h"
#include "operator/resolver/resolve_request.h"

namespace ballast::controller {

// The value of `key`, without white space at its ends. NotFound: no such Secret or key, or it holds no token, which is
// one word of printable ASCII. PermissionDenied: its owner has not consented (ConsentText() says how). Others: the
// apiserver's.
Result<std::string> ReadToken(KubeClient& client, const SecretKey& key, const CallLimits& limits);

// The Role and RoleBinding to apply so that the operator (the service account ballast-operator in `operator_ns`) may
// read this one Secret: YAML, with a sentence before it.
std::string ConsentText(const SecretKey& key, const std::string& operator_ns);

}  // namespace ballast::controller
