// The CA's Secret: tls.crt and tls.key, as cert-manager and `kubectl create secret tls` write it.
#pragma once

#include <string>

#include "base/status.h"
#include "identity/authority.h"
#include "kube/json.h"
#include "kube/resource.h"

namespace ballast::controller {

// InvalidArgument names the Secret, its key and what is wrong. Of several certificates in tls.crt the first is the CA;
// what stands above it (an intermediate's issuers, ca.crt) is not trusted: it may have signed others.
Result<CertificateAuthority> ReadAuthority(const Json& secret);

Result<Json> MakeAuthoritySecret(const ObjectName& name, const CertificateAuthority& authority);

}  // namespace ballast::controller
