// Certificates and keys as PEM text, which may come from anybody.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "identity/openssl_ptr.h"

namespace ballast {

// What is longer, or holds more certificates, is none of ours.
inline constexpr size_t kMaxPemBytes = 1 << 20;
inline constexpr size_t kMaxCertificates = 100;

// All certificates of `pem`, at least one, in their order; other text between them is passed over, as OpenSSL does it.
// InvalidArgument says what is wrong.
Result<std::vector<CertificatePtr>> ParseCertificates(std::string_view pem);
// A private key without a passphrase. InvalidArgument.
Result<KeyPtr> ParseKey(std::string_view pem);

Result<std::string> PemOf(const X509& certificate);
// PKCS #8, not encrypted.
Result<std::string> PemOf(const EVP_PKEY& key);

}  // namespace ballast
