// The certificates of a cluster that a test makes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "identity/authority.h"
#include "swarm/tls_provider.h"

namespace ballast {

// Of one CA, at one time.
class TestCluster {
 public:
  explicit TestCluster(WallTime now) : now_(now), ca_(Checked(CertificateAuthority::Create(now))) {}

  Credentials CredentialsOf(const PeerIdentity& identity) const {
    const IssuedCertificate issued = Checked(ca_.Issue(identity, now_));
    return {Checked(ca_.CertificatePem()), issued.certificate, issued.key};
  }
  std::shared_ptr<const TlsContext> ContextOf(const Credentials& credentials) const {
    return Checked(TlsContext::Create(credentials));
  }
  std::shared_ptr<const TlsContext> ContextOf(std::string_view node) const {
    return ContextOf(CredentialsOf(Checked(PeerIdentity::Node(node))));
  }
  TlsProvider ProviderOf(std::string_view node) const {
    return [context = ContextOf(node)] { return context; };
  }
  const CertificateAuthority& ca() const { return ca_; }

 private:
  template <typename T>
  static T Checked(Result<T> result) {
    BALLAST_CHECK(result.ok()) << result.status();
    return std::move(result).value();
  }

  const WallTime now_;
  const CertificateAuthority ca_;
};

}  // namespace ballast
