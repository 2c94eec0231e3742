#include "identity/credentials.h"

#include "identity/pem.h"

namespace ballast {
namespace {

template <typename T>
Result<T> Named(std::string_view part, Result<T> result) {
  if (!result.ok()) return result.status().WithContext(part);
  return result;
}

}  // namespace

Result<ParsedCredentials> Parse(const Credentials& credentials) {
  ParsedCredentials parsed;
  ASSIGN_OR_RETURN(const auto authorities, Named("CA", ParseCertificates(credentials.ca)));
  ASSIGN_OR_RETURN(parsed.trust, Named("CA", MakeTrust(authorities)));
  ASSIGN_OR_RETURN(parsed.chain, Named("certificate", ParseCertificates(credentials.certificate)));
  ASSIGN_OR_RETURN(parsed.key, Named("key", ParseKey(credentials.key)));
  RETURN_IF_ERROR(CheckKeyFits(*parsed.chain.front(), *parsed.key));
  return parsed;
}

Result<CredentialFacts> Check(const Credentials& credentials, WallTime now) {
  ASSIGN_OR_RETURN(const ParsedCredentials parsed, Parse(credentials));
  const X509& own = *parsed.chain.front();
  RETURN_IF_ERROR(CheckChain(*parsed.trust, parsed.chain, now));
  RETURN_IF_ERROR(CheckUsage(own, XKU_SSL_SERVER | XKU_SSL_CLIENT));
  ASSIGN_OR_RETURN(PeerIdentity identity, PeerIdentity::FromCertificate(own));
  ASSIGN_OR_RETURN(const Validity validity, ValidityOf(own));
  return CredentialFacts{std::move(identity), validity};
}

}  // namespace ballast
