// Rules: no bytes crash the parsers; an identity is written and read again the same.
#include "base/check.h"
#include "core/testing/splice.h"
#include "identity/authority.h"
#include "identity/credentials.h"
#include "identity/pem.h"

namespace {

// What the authority issues, so that bytes put into it reach the extensions. Its key was thrown away.
constexpr std::string_view kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBujCCAWGgAwIBAgIUSd+Ljak4pivP8AAWU6I2FwiXze0wCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAeFw0yNjExMjMyMzA0MzBaFw0zNjExMjAyMzA0MzBaMAwx
CjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQpGwUXDznC9hnQ
J2OiLRflSB5UQjUIX2gCpaW5uHx4Cfra2TZNKByf0ed/37a/botxsgnuSe4kJYaO
l4p8wtH6o4GgMIGdMB0GA1UdDgQWBBTmqnktjbY2zXPDDifr9DcaueGqFjAfBgNV
HSMEGDAWgBTmqnktjbY2zXPDDifr9DcaueGqFjAeBgNVHREBAf8EFDAShhBiYWxs
YXN0Oi8vbm9kZS9hMA4GA1UdDwEB/wQEAwIHgDAdBgNVHSUEFjAUBggrBgEFBQcD
AQYIKwYBBQUHAwIwDAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNHADBEAiAhV2z9
tIwZv2Grk27lccR5bf7VdiLnUWgVlActdP9/sQIgKqLUq66AgYx/Yni3pParEtAz
Cc3IcZiYA3pDU1hBejw=
-----END CERTIFICATE-----
)";

std::string MakeKey() { return ballast::CertificateAuthority::Create(ballast::WallTime()).value().KeyPem().value(); }

std::string DerOf(std::string_view pem) {
  const auto certificates = ballast::ParseCertificates(pem);
  BALLAST_CHECK(certificates.ok()) << certificates.status();
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificates->front().get(), &der);
  BALLAST_CHECK(size > 0) << "i2d_X509";
  std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

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
void TryDer(const std::string& der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const ballast::CertificatePtr certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  if (certificate) TryCertificate(*certificate);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  TryIdentity(text);
  TryIdentity("ballast://node/" + text);
  static const std::string der = DerOf(kCertificate);
  TryDer(ballast::FuzzInput(data, size, der));
  const auto certificates = ballast::ParseCertificates(ballast::FuzzInput(data, size, kCertificate));
  if (certificates.ok()) TryCertificate(*certificates->front());
  static const std::string key = MakeKey();
  static_cast<void>(ballast::ParseKey(ballast::FuzzInput(data, size, key)).ok());
  static_cast<void>(ballast::Parse({text, text, text}).ok());
  return 0;
}
