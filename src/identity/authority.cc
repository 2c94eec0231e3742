#include "identity/authority.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "identity/certificate_builder.h"
#include "identity/certificate_check.h"
#include "identity/openssl_status.h"
#include "identity/pem.h"

namespace ballast {
namespace {

constexpr std::chrono::minutes kClockDifference{1};

// Two authorities of one name would be taken for each other until a signature fails.
Result<std::string> UniqueName() {
  std::array<unsigned char, 4> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return OpenSslStatus("make a name");
  return "Ballast CA " + HexEncode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

Result<CertificateAuthority> CertificateAuthority::Create(WallTime now) {
  ASSIGN_OR_RETURN(KeyPtr key, MakeKey());
  CertificateSpec spec{.not_before = now - kClockDifference, .not_after = now + kAuthorityLifetime, .authority = true};
  ASSIGN_OR_RETURN(spec.common_name, UniqueName());
  ASSIGN_OR_RETURN(CertificatePtr certificate, MakeCertificate(spec, *key, nullptr));
  return CertificateAuthority(std::move(certificate), std::move(key));
}

Result<CertificateAuthority> CertificateAuthority::Load(std::string_view certificate_pem, std::string_view key_pem) {
  auto certificates = ParseCertificates(certificate_pem);
  if (!certificates.ok()) return certificates.status().WithContext("the CA's certificate");
  auto key = ParseKey(key_pem);
  if (!key.ok()) return key.status().WithContext("the CA's key");
  CertificatePtr certificate = std::move(certificates->front());
  RETURN_IF_ERROR(CheckIsAuthority(*certificate));
  RETURN_IF_ERROR(CheckKeyFits(*certificate, **key));
  return CertificateAuthority(std::move(certificate), std::move(*key));
}

Result<CertificatePtr> CertificateAuthority::Sign(const PeerIdentity& subject, EVP_PKEY& key, WallTime now,
                                                  std::chrono::seconds lifetime) const {
  ASSIGN_OR_RETURN(const Validity own, ValidityOf(*certificate_));
  if (own.not_after <= now) {
    return FailedPrecondition(
        StrCat("the CA has expired on ", FormatUtc(own.not_after), ": make a new one, and new certificates from it"));
  }
  const CertificateSpec spec{.common_name = subject.ToString(),
                             .uris = {subject.Uri()},
                             .dns = kCommonServerName,
                             .extended_key_usage = "serverAuth,clientAuth",
                             .not_before = now - kClockDifference,
                             .not_after = std::min<WallTime>(now + lifetime, own.not_after)};
  const Issuer issuer{*certificate_, *key_};
  return MakeCertificate(spec, key, &issuer);
}

Result<IssuedCertificate> CertificateAuthority::Issue(const PeerIdentity& subject, WallTime now,
                                                      std::chrono::seconds lifetime) const {
  ASSIGN_OR_RETURN(const KeyPtr key, MakeKey());
  ASSIGN_OR_RETURN(const CertificatePtr certificate, Sign(subject, *key, now, lifetime));
  IssuedCertificate issued;
  ASSIGN_OR_RETURN(issued.certificate, PemOf(*certificate));
  ASSIGN_OR_RETURN(issued.key, PemOf(*key));
  ASSIGN_OR_RETURN(const Validity validity, ValidityOf(*certificate));
  issued.not_after = validity.not_after;
  return issued;
}

Result<std::string> CertificateAuthority::CertificatePem() const { return PemOf(*certificate_); }
Result<std::string> CertificateAuthority::KeyPem() const { return PemOf(*key_); }

}  // namespace ballast
