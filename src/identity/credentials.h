// What a process shows to others and whom it trusts, as PEM text.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "identity/certificate_check.h"
#include "identity/openssl_ptr.h"
#include "identity/peer_identity.h"

namespace ballast {

struct Credentials {
  std::string ca;           // one or more; while a CA is replaced, both
  std::string certificate;  // our own first, then what leads to the CA
  std::string key;

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

struct ParsedCredentials {
  TrustPtr trust;
  std::vector<CertificatePtr> chain;
  KeyPtr key;
};

// Parses, and checks what time does not change: the key fits, the CA is one. InvalidArgument names the part.
Result<ParsedCredentials> Parse(const Credentials& credentials);

struct CredentialFacts {
  PeerIdentity identity;
  Validity validity;
};

// Whether others that trust the same CA will accept these at the time `now`, as a server and as a client.
Result<CredentialFacts> Check(const Credentials& credentials, WallTime now);

}  // namespace ballast
