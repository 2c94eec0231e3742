// How a node shows that it holds the key for which it wants a certificate, although only the public half travels: by a
// signature of the token that says which node it is. Whoever steals one of the two can do nothing with it.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "identity/openssl_ptr.h"

namespace ballast {

// The public half, as DER (SubjectPublicKeyInfo).
Result<std::string> PublicKeyOf(const EVP_PKEY& key);
// The other way. InvalidArgument: anything but one P-256 key.
Result<KeyPtr> ParsePublicKey(std::string_view der);

// ECDSA over the SHA-256 of `token`.
Result<std::string> ProveKey(EVP_PKEY& key, std::string_view token);
// Unauthenticated: it was not made with this key for this token.
Status CheckKeyProof(EVP_PKEY& public_key, std::string_view token, std::string_view proof);

}  // namespace ballast
