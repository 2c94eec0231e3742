// A certificate as a value, and its signature. What we issue comes from CertificateAuthority; tests make wrong ones
// here.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "identity/openssl_ptr.h"

namespace ballast {

struct CertificateSpec {
  std::string common_name;         // for people; cut after the 64 bytes that X.520 allows
  std::vector<std::string> uris;   // subject alternative names: who it is (peer_identity.h)
  std::string dns;                 // one more, for clients that know hosts only; "": none
  std::string extended_key_usage;  // "serverAuth,clientAuth"; "": none
  WallTime not_before;
  WallTime not_after;
  bool authority = false;  // may sign others, but none that may sign
};

struct Issuer {
  const X509& certificate;
  EVP_PKEY& key;
};

// A new P-256 key.
Result<KeyPtr> MakeKey();

// A certificate of `subject_key` that `issuer` signs; nullptr: by the same key, which then holds a private one.
Result<CertificatePtr> MakeCertificate(const CertificateSpec& spec, EVP_PKEY& subject_key, const Issuer* issuer);

}  // namespace ballast
