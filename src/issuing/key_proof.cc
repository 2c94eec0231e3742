#include "issuing/key_proof.h"

#include <openssl/ec.h>

#include <memory>

#include "identity/openssl_status.h"

namespace ballast {
namespace {

using DigestPtr = std::unique_ptr<EVP_MD_CTX, OpenSslFree<&EVP_MD_CTX_free>>;

constexpr size_t kMaxKeyBytes = 1024;

const unsigned char* BytesOf(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

bool IsP256(const EVP_PKEY& key) {
  std::string group(64, '\0');
  size_t length = 0;
  return EVP_PKEY_get_base_id(&key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(&key, group.data(), group.size(), &length) == 1 &&
         group.substr(0, length) == SN_X9_62_prime256v1;
}

}  // namespace

Result<std::string> PublicKeyOf(const EVP_PKEY& key) {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(&key, &der);
  if (length <= 0) return OpenSslStatus("write a public key");
  std::string copy(reinterpret_cast<const char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  return copy;
}

Result<KeyPtr> ParsePublicKey(std::string_view der) {
  if (der.empty() || der.size() > kMaxKeyBytes) return InvalidArgument("the public key is missing or too long");
  const unsigned char* at = BytesOf(der);
  const unsigned char* const end = at + der.size();
  KeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key) return OpenSslStatus("read the public key", StatusCode::kInvalidArgument);
  if (at != end || !IsP256(*key)) return InvalidArgument("the public key must be one ECDSA key on P-256");
  return key;
}

Result<std::string> ProveKey(EVP_PKEY& key, std::string_view token) {
  const DigestPtr digest(EVP_MD_CTX_new());
  size_t length = 0;
  if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, &key) != 1 ||
      EVP_DigestSign(digest.get(), nullptr, &length, BytesOf(token), token.size()) != 1)
    return OpenSslStatus("sign with the node's key");
  std::string proof(length, '\0');
  if (EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(proof.data()), &length, BytesOf(token),
                     token.size()) != 1)
    return OpenSslStatus("sign with the node's key");
  proof.resize(length);
  return proof;
}

Status CheckKeyProof(EVP_PKEY& public_key, std::string_view token, std::string_view proof) {
  const DigestPtr digest(EVP_MD_CTX_new());
  const bool good = EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, &public_key) == 1 &&
                    EVP_DigestVerify(digest.get(), BytesOf(proof), proof.size(), BytesOf(token), token.size()) == 1;
  static_cast<void>(TakeOpenSslReasons());
  return good ? OkStatus() : Unauthenticated("the proof was not made with the private half of this public key");
}

}  // namespace ballast
