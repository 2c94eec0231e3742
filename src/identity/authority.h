// The certificate authority of a cluster: makes itself, and certificates for nodes and the operator.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "identity/openssl_ptr.h"
#include "identity/peer_identity.h"

namespace ballast {

inline constexpr std::chrono::days kAuthorityLifetime{3650};
inline constexpr std::chrono::days kCertificateLifetime{30};

// In every certificate beside its URI, for clients that look for the name of a host and don't know whom they reach (one
// that scrapes all nodes): it says that this is one of us.
inline constexpr char kCommonServerName[] = "ballast.internal";

// A certificate with its key, as PEM.
struct IssuedCertificate {
  std::string certificate;
  std::string key;
  WallTime not_after;
};

// Thread-safe: changes no more once it is made. Nothing here reads a file or a clock.
class CertificateAuthority {
 public:
  // A new one (ECDSA P-256), with a name that no other has.
  static Result<CertificateAuthority> Create(WallTime now);
  // One that was made before, here or by others. InvalidArgument: no authority's certificate, or another key's.
  static Result<CertificateAuthority> Load(std::string_view certificate_pem, std::string_view key_pem);

  // For `subject` with a key that never left its owner; only its public half is used. Valid for TLS servers and clients
  // from a minute before `now`, since clocks differ; never longer than the authority itself. FailedPrecondition: the
  // authority has expired.
  Result<CertificatePtr> Sign(const PeerIdentity& subject, EVP_PKEY& key, WallTime now,
                              std::chrono::seconds lifetime = kCertificateLifetime) const;
  // The same with a new key.
  Result<IssuedCertificate> Issue(const PeerIdentity& subject, WallTime now,
                                  std::chrono::seconds lifetime = kCertificateLifetime) const;

  const X509& certificate() const { return *certificate_; }
  Result<std::string> CertificatePem() const;
  Result<std::string> KeyPem() const;

 private:
  CertificateAuthority(CertificatePtr certificate, KeyPtr key)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}

  CertificatePtr certificate_;
  KeyPtr key_;
};

}  // namespace ballast
