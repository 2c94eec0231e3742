#include "issuing/key_proof.h"

#include <gtest/gtest.h>

#include "identity/certificate_builder.h"

namespace ballast {
namespace {

KeyPtr Public(const EVP_PKEY& key) { return ParsePublicKey(PublicKeyOf(key).value()).value(); }

TEST(KeyProofTest, OnlyTheKeyAndTheTokenOfTheProofPass) {
  const KeyPtr key = MakeKey().value();
  const KeyPtr other = MakeKey().value();
  const std::string proof = ProveKey(*key, "token").value();
  EXPECT_EQ(CheckKeyProof(*Public(*key), "token", proof), OkStatus());
  EXPECT_EQ(CheckKeyProof(*Public(*other), "token", proof).code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(CheckKeyProof(*Public(*key), "token2", proof).code(), StatusCode::kUnauthenticated);
}

TEST(KeyProofTest, EveryChangedByteOfAProofIsRefused) {
  const KeyPtr key = MakeKey().value();
  const std::string proof = ProveKey(*key, "token").value();
  for (size_t i = 0; i < proof.size(); ++i) {
    std::string changed = proof;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(CheckKeyProof(*key, "token", changed).code(), StatusCode::kUnauthenticated) << i;
  }
  for (const std::string& none : {std::string(), proof.substr(1), proof + "x", std::string(70, 'x')})
    EXPECT_EQ(CheckKeyProof(*key, "token", none).code(), StatusCode::kUnauthenticated);
}

TEST(KeyProofTest, OnlyOneP256KeyIsAPublicKey) {
  const std::string good = PublicKeyOf(*MakeKey().value()).value();
  const KeyPtr p384(EVP_EC_gen("P-384"));
  const KeyPtr rsa(EVP_RSA_gen(2048));
  for (const std::string& wrong :
       {std::string(), std::string("key"), good + "x", good + good, good.substr(0, good.size() - 1),
        std::string(2000, 'x'), PublicKeyOf(*p384).value(), PublicKeyOf(*rsa).value()})
    EXPECT_EQ(ParsePublicKey(wrong).status().code(), StatusCode::kInvalidArgument) << wrong.size();
}

}  // namespace
}  // namespace ballast
