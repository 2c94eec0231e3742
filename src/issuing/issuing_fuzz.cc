// What anybody can send to the issuer: a header, a key, a proof.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "identity/certificate_builder.h"
#include "issuing/bearer_token.h"
#include "issuing/key_proof.h"

namespace ballast {
namespace {

const std::string& OwnKey() {
  static const auto* const kKey = new std::string(PublicKeyOf(*MakeKey().value()).value());
  return *kKey;
}

void Header(const std::string& bytes) {
  const auto token = BearerToken({bytes});
  if (token.ok() && BearerToken({BearerHeader(*token)}).value() != *token) std::abort();
}

// What is read as a key is written as the same one.
void Key(const std::string& bytes) {
  const auto key = ParsePublicKey(bytes);
  if (!key.ok()) return;
  const auto written = PublicKeyOf(**key);
  if (!written.ok() || !ParsePublicKey(*written).ok()) std::abort();
}

void Proof(const std::string& bytes) {
  const KeyPtr key = ParsePublicKey(OwnKey()).value();
  if (CheckKeyProof(*key, "token", bytes).ok()) std::abort();  // found by chance? never
}

}  // namespace
}  // namespace ballast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  ballast::Header(bytes);
  ballast::Key(bytes);
  ballast::Proof(bytes);
  return 0;
}
