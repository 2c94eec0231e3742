#include "operator/issuer/authority_secret.h"

#include "base/strings.h"
#include "kube/base64.h"

namespace ballast::controller {
namespace {

constexpr char kCertificate[] = "tls.crt";
constexpr char kKey[] = "tls.key";

}  // namespace

Result<CertificateAuthority> ReadAuthority(const Json& secret) {
  ASSIGN_OR_RETURN(const std::string certificate, SecretValue(secret, kCertificate));
  ASSIGN_OR_RETURN(const std::string key, SecretValue(secret, kKey));
  auto authority = CertificateAuthority::Load(certificate, key);
  if (!authority.ok()) return authority.status().WithContext(StrCat("the CA in Secret ", NameOf(secret)));
  return authority;
}

Result<Json> MakeAuthoritySecret(const ObjectName& name, const CertificateAuthority& authority) {
  ASSIGN_OR_RETURN(const std::string certificate, authority.CertificatePem());
  ASSIGN_OR_RETURN(const std::string key, authority.KeyPem());
  return Json{{"apiVersion", "v1"},
              {"kind", "Secret"},
              {"metadata",
               {{"namespace", name.ns}, {"name", name.name}, {"labels", {{"app.kubernetes.io/part-of", "ballast"}}}}},
              {"type", "kubernetes.io/tls"},
              {"data", {{kCertificate, EncodeBase64(certificate)}, {kKey, EncodeBase64(key)}}}};
}

}  // namespace ballast::controller
