// Rules: no bytes crash the parsers; an identity is written and read again the same.
#include "base/check.h"
#include "identity/credentials.h"
#include "identity/pem.h"

namespace {

void TryIdentity(const std::string& uri) {
  const auto identity = ballast::PeerIdentity::FromUris({uri});
  if (identity.ok()) BALLAST_CHECK(identity->Uri() == uri);
}

void TryCertificate(const X509& certificate) {
  const auto identity = ballast::PeerIdentity::FromCertificate(certificate);
  if (identity.ok()) BALLAST_CHECK(ballast::PeerIdentity::FromUris({identity->Uri()}).value() == *identity);
  static_cast<void>(ballast::CheckUsage(certificate, XKU_SSL_SERVER));
  static_cast<void>(ballast::ValidityOf(certificate).ok());
}

// Past the PEM and its base64, which a fuzzer seldom gets right.
void TryDer(const uint8_t* data, size_t size) {
  const ballast::CertificatePtr certificate(d2i_X509(nullptr, &data, static_cast<long>(size)));
  if (certificate) TryCertificate(*certificate);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  TryIdentity(text);
  TryIdentity("ballast://node/" + text);
  TryDer(data, size);
  const auto certificates = ballast::ParseCertificates(text);
  if (certificates.ok()) TryCertificate(*certificates->front());
  static_cast<void>(ballast::ParseKey(text).ok());
  static_cast<void>(ballast::Parse({text, text, text}).ok());
  return 0;
}
