// The certificates of a cluster that a test makes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "identity/authority.h"
#include "identity/certificate_builder.h"
#include "identity/pem.h"
#include "swarm/tls_provider.h"

namespace ballast {

// Of one CA, at one time.
class TestCluster {
 public:
  explicit TestCluster(WallTime now) : now_(now), ca_(Checked(CertificateAuthority::Create(now))) {}

  std::string CaPem() const { return Checked(ca_.CertificatePem()); }
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
  // As the cluster's CA would issue it to `node`, but for what `change` does to it.
  template <typename Change>
  Credentials Changed(std::string_view node, Change change) const {
    CertificateSpec spec{.common_name = std::string(node),
                         .uris = {Checked(PeerIdentity::Node(node)).Uri()},
                         .extended_key_usage = "serverAuth,clientAuth",
                         .not_before = now_ - std::chrono::hours(1),
                         .not_after = now_ + std::chrono::hours(1)};
    change(spec);
    const KeyPtr ca_key = Checked(ParseKey(Checked(ca_.KeyPem())));
    const KeyPtr key = Checked(MakeKey());
    const Issuer issuer{ca_.certificate(), *ca_key};
    const CertificatePtr made = Checked(MakeCertificate(spec, *key, &issuer));
    return {Checked(ca_.CertificatePem()), Checked(PemOf(*made)), Checked(PemOf(*key))};
  }
  // Of another CA, which trusts this one.
  Credentials Foreign(std::string_view node) const {
    const auto other = Checked(CertificateAuthority::Create(now_));
    const IssuedCertificate issued = Checked(other.Issue(Checked(PeerIdentity::Node(node)), now_));
    return {Checked(ca_.CertificatePem()), issued.certificate, issued.key};
  }

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
