// The operator's own certificate: made in memory, never written. Pure.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "identity/authority.h"
#include "identity/credentials.h"

namespace ballast::controller {

Result<Credentials> IssueOwn(const CertificateAuthority& ca, const std::string& trust, WallTime now);

struct OwnCertificate {
  const Credentials& credentials;
  const std::string& trust;      // whom it should name now
  const std::string& authority;  // PEM: who should have signed it
};
// Another CA, another list of trusted ones, or two thirds of its life are over.
bool IsRenewalDue(const OwnCertificate& own, WallTime now);

// Zero: it is due.
Duration UntilRenewal(const Credentials& credentials, WallTime now);

}  // namespace ballast::controller
