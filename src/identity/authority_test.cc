#include "identity/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "base/testing/fake_clock.h"
#include "identity/certificate_builder.h"
#include "identity/certificate_check.h"
#include "identity/credentials.h"
#include "identity/pem.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

const WallTime kNow = FakeClock().Now();
const PeerIdentity kNode = PeerIdentity::Node("a").value();

CertificateAuthority MakeAuthority() { return CertificateAuthority::Create(kNow).value(); }

Credentials CredentialsOf(const CertificateAuthority& ca, const IssuedCertificate& issued) {
  return {ca.CertificatePem().value(), issued.certificate, issued.key};
}

TEST(AuthorityTest, WhatItIssuesIsAcceptedForThirtyDaysAndNoLonger) {
  const CertificateAuthority ca = MakeAuthority();
  for (const PeerIdentity& subject :
       {kNode, PeerIdentity::Operator(), PeerIdentity::Node(std::string(253, 'n')).value()}) {
    const auto issued = ca.Issue(subject, kNow);
    ASSERT_TRUE(issued.ok()) << issued.status();
    const Credentials credentials = CredentialsOf(ca, *issued);
    const auto facts = Check(credentials, kNow);
    ASSERT_TRUE(facts.ok()) << facts.status();
    EXPECT_EQ(facts->identity, subject);
    EXPECT_EQ(facts->validity.not_after, kNow + std::chrono::days(30));
    EXPECT_TRUE(Check(credentials, kNow + std::chrono::days(30) - std::chrono::seconds(1)).ok());
    const Status late = Check(credentials, kNow + std::chrono::days(30) + std::chrono::seconds(1)).status();
    EXPECT_EQ(late.code(), StatusCode::kUnauthenticated);
    EXPECT_THAT(late.message(),
                HasSubstr("has expired (valid from 2023-11-14 22:12:20 UTC to 2023-12-14 22:13:20 UTC)"));
    EXPECT_THAT(Check(credentials, kNow - std::chrono::hours(1)).status().message(), HasSubstr("not valid yet"));
  }
}

TEST(AuthorityTest, NothingOutlivesTheAuthorityAndAnExpiredOneIssuesNothing) {
  const CertificateAuthority ca = MakeAuthority();
  const auto issued = ca.Issue(kNode, kNow, std::chrono::days(5000));
  ASSERT_TRUE(issued.ok()) << issued.status();
  EXPECT_EQ(issued->not_after, kNow + std::chrono::days(3650));
  const Status late = ca.Issue(kNode, kNow + std::chrono::days(3650)).status();
  EXPECT_EQ(late.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(late.message(), HasSubstr("the CA has expired"));
}

TEST(AuthorityTest, ItIsSavedAndLoadedAgain) {
  const CertificateAuthority made = MakeAuthority();
  const auto loaded = CertificateAuthority::Load(made.CertificatePem().value(), made.KeyPem().value());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(Check(CredentialsOf(made, loaded->Issue(kNode, kNow).value()), kNow).ok());
}

TEST(AuthorityTest, AKeyThatNeverLeftItsOwnerIsSigned) {
  const CertificateAuthority ca = MakeAuthority();
  const KeyPtr key = MakeKey().value();
  const auto certificate = ca.Sign(kNode, *key, kNow);
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  EXPECT_TRUE(CheckKeyFits(**certificate, *key).ok());
  EXPECT_EQ(PeerIdentity::FromCertificate(**certificate).value(), kNode);
}

TEST(AuthorityTest, WhatIsNoAuthorityIsNotLoaded) {
  const CertificateAuthority ca = MakeAuthority();
  const CertificateAuthority other = MakeAuthority();
  const std::string ca_pem = ca.CertificatePem().value();
  const std::string ca_key = ca.KeyPem().value();
  const IssuedCertificate issued = ca.Issue(kNode, kNow).value();
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {issued.certificate, issued.key, "is no CA's"},
      {ca_pem, other.KeyPem().value(), "the key is not the certificate's"},
      {"", ca_key, "the CA's certificate: holds no PEM certificate"},
      {ca_pem, "", "the CA's key: holds no PEM private key"},
      {ca_pem.substr(0, ca_pem.size() / 2), ca_key, "the CA's certificate: holds"},
      {std::string(kMaxPemBytes + 1, 'x'), ca_key, "is larger than 1.0 MiB"},
  };
  for (const auto& [certificate, key, reason] : cases) {
    const auto loaded = CertificateAuthority::Load(certificate, key);
    ASSERT_FALSE(loaded.ok()) << reason;
    EXPECT_EQ(loaded.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(loaded.status().message(), HasSubstr(reason));
  }
}

TEST(AuthorityTest, AKeyWithAPassphraseIsRefusedAndNobodyIsAskedForIt) {
  const KeyPtr key = MakeKey().value();
  const BioPtr writer(BIO_new(BIO_s_mem()));
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(writer.get(), key.get(), EVP_aes_256_cbc(), "secret", 6, nullptr, nullptr),
            1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(writer.get(), &text);
  EXPECT_THAT(ParseKey({text, static_cast<size_t>(size)}).status().message(), HasSubstr("without a passphrase"));
}

}  // namespace
}  // namespace ballast
