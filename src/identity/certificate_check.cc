#include "identity/certificate_check.h"

#include <array>
#include <ctime>

#include "base/strings.h"
#include "identity/openssl_status.h"

namespace ballast {
namespace {

Result<WallTime> TimeOf(const ASN1_TIME* time) {
  std::tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1)
    return OpenSslStatus("read a certificate's time", StatusCode::kInvalidArgument);
  return std::chrono::system_clock::from_time_t(::timegm(&fields));
}

// " (valid from .. to ..)"; "" where it can't be read.
std::string ValidText(const X509* certificate) {
  if (certificate == nullptr) return "";
  const auto validity = ValidityOf(*certificate);
  if (!validity.ok()) return "";
  return StrCat(" (valid from ", FormatUtc(validity->not_before), " to ", FormatUtc(validity->not_after), ")");
}

std::string ReasonOf(int error, const X509* certificate) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return StrCat("has expired", ValidText(certificate), ": it must be issued anew");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return StrCat("is not valid yet", ValidText(certificate), ": compare the clocks of both machines");
    case X509_V_ERR_INVALID_PURPOSE:
      return "is not for this use: it needs the extended key usages serverAuth and clientAuth";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "is signed by itself, not by this cluster's CA";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "was issued by another CA than this cluster's: all nodes need the same CA file";
    default:
      return StrCat("is refused: ", X509_verify_cert_error_string(error));
  }
}

}  // namespace

Result<Validity> ValidityOf(const X509& certificate) {
  Validity validity;
  ASSIGN_OR_RETURN(validity.not_before, TimeOf(X509_get0_notBefore(&certificate)));
  ASSIGN_OR_RETURN(validity.not_after, TimeOf(X509_get0_notAfter(&certificate)));
  return validity;
}

std::string FormatUtc(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm fields{};
  std::array<char, 64> text{};
  ::gmtime_r(&seconds, &fields);
  return {text.data(), std::strftime(text.data(), text.size(), "%F %T UTC", &fields)};
}

Status CheckIsAuthority(const X509& certificate) {
  if (X509_check_ca(const_cast<X509*>(&certificate)) == 1) return OkStatus();
  return InvalidArgument("the certificate is no CA's: its basic constraints must say CA:TRUE");
}

Status CheckKeyFits(const X509& certificate, const EVP_PKEY& key) {
  const EVP_PKEY* const own = X509_get0_pubkey(&certificate);
  const bool fits = own != nullptr && EVP_PKEY_eq(own, &key) == 1;
  static_cast<void>(TakeOpenSslReasons());
  if (fits) return OkStatus();
  return InvalidArgument("the key is not the certificate's: they must come from the same issue");
}

Status CheckUsage(const X509& certificate, uint32_t roles) {
  // UINT32_MAX where it has none, which OpenSSL takes for all uses.
  const uint32_t usage = X509_get_extended_key_usage(const_cast<X509*>(&certificate));
  if (usage != UINT32_MAX && (usage & roles) == roles) return OkStatus();
  return Unauthenticated(StrCat("the certificate ", ReasonOf(X509_V_ERR_INVALID_PURPOSE, &certificate)));
}

Status RefusedChain(int error, const X509* certificate) {
  return Unauthenticated(StrCat("the certificate ", ReasonOf(error, certificate)));
}

Result<TrustPtr> MakeTrust(const std::vector<CertificatePtr>& authorities) {
  TrustPtr trust(X509_STORE_new());
  if (!trust || X509_STORE_set_flags(trust.get(), X509_V_FLAG_PARTIAL_CHAIN) != 1) return OpenSslStatus("make a store");
  for (const CertificatePtr& authority : authorities) {
    RETURN_IF_ERROR(CheckIsAuthority(*authority));
    if (X509_STORE_add_cert(trust.get(), authority.get()) != 1) return OpenSslStatus("trust a CA");
  }
  return trust;
}

Status CheckChain(X509_STORE& trust, const std::vector<CertificatePtr>& chain, WallTime now) {
  const std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * s) { sk_X509_free(s); })> rest(sk_X509_new_null());
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(rest.get(), chain[i].get());
  const VerifyPtr verify(X509_STORE_CTX_new());
  if (!verify || X509_STORE_CTX_init(verify.get(), &trust, chain.front().get(), rest.get()) != 1)
    return OpenSslStatus("verify a certificate");
  X509_STORE_CTX_set_time(verify.get(), 0, std::chrono::system_clock::to_time_t(now));
  if (X509_verify_cert(verify.get()) == 1) return OkStatus();
  static_cast<void>(TakeOpenSslReasons());
  return RefusedChain(X509_STORE_CTX_get_error(verify.get()), X509_STORE_CTX_get_current_cert(verify.get()));
}

}  // namespace ballast
