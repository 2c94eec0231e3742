#include "operator/issuer/own_certificate.h"

#include <algorithm>
#include <vector>

#include "identity/certificate_check.h"
#include "identity/pem.h"

namespace ballast::controller {
namespace {

Result<WallTime> RenewalOf(const Credentials& credentials) {
  ASSIGN_OR_RETURN(const std::vector<CertificatePtr> chain, ParseCertificates(credentials.certificate));
  ASSIGN_OR_RETURN(const Validity validity, ValidityOf(*chain.front()));
  return validity.not_before + (validity.not_after - validity.not_before) * 2 / 3;
}

Status CheckSignedBy(const std::string& certificate, const std::string& authority, WallTime now) {
  ASSIGN_OR_RETURN(const std::vector<CertificatePtr> chain, ParseCertificates(certificate));
  ASSIGN_OR_RETURN(const std::vector<CertificatePtr> authorities, ParseCertificates(authority));
  ASSIGN_OR_RETURN(const TrustPtr trust, MakeTrust(authorities));
  return CheckChain(*trust, chain, now);
}

}  // namespace

Result<Credentials> IssueOwn(const CertificateAuthority& ca, const std::string& trust, WallTime now) {
  ASSIGN_OR_RETURN(IssuedCertificate issued, ca.Issue(PeerIdentity::Operator(), now));
  return Credentials{.ca = trust, .certificate = std::move(issued.certificate), .key = std::move(issued.key)};
}

bool IsRenewalDue(const OwnCertificate& own, WallTime now) {
  return own.credentials.ca != own.trust || UntilRenewal(own.credentials, now) == Duration::zero() ||
         !CheckSignedBy(own.credentials.certificate, own.authority, now).ok();
}

Duration UntilRenewal(const Credentials& credentials, WallTime now) {
  const auto renewal = RenewalOf(credentials);
  return renewal.ok() ? std::max<Duration>(Duration::zero(), *renewal - now) : Duration::zero();
}

}  // namespace ballast::controller
