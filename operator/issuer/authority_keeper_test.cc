#include "operator/issuer/authority_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/testing/fake_clock.h"
#include "identity/pem.h"
#include "kube/base64.h"
#include "operator/issuer/authority_secret.h"
#include "operator/testing/cluster.h"

namespace ballast::controller {
namespace {

using std::chrono::days;
using testing::HasSubstr;

const ObjectName kName{"ballast-system", "ballast-ca"};

class AuthorityKeeperTest : public testing::Test {
 protected:
  AuthorityKeeperTest() { ServeCluster(client_); }

  std::string Secret(const char* key) { return SecretValue(*client_.Get(kSecrets, kName, {}), key).value(); }
  std::string Published() { return StringAt(*client_.Get(kConfigMaps, kName, {}), "/data/ca.crt"); }
  void PutSecret(const CertificateAuthority& ca) {
    const Json secret = MakeAuthoritySecret(kName, ca).value();
    const auto stored = client_.Get(kSecrets, kName, {});
    const Json patch = {{"data", secret["data"]}};
    const auto put = stored.ok() ? client_.Patch(kSecrets, kName, patch, Subresource::kNone, {})
                                 : client_.Create(kSecrets, secret, {});
    ASSERT_TRUE(put.ok()) << put.status();
  }
  int Writes() {
    return client_.CountCalls(KubeVerb::kCreate) + client_.CountCalls(KubeVerb::kUpdate) +
           client_.CountCalls(KubeVerb::kPatch);
  }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
  AuthorityKeeper keeper_{client_, clock_, {}};
};

TEST_F(AuthorityKeeperTest, TheFirstMakesTheCaAndEverybodyReadsIt) {
  EXPECT_EQ(keeper_.authority(), nullptr);
  EXPECT_EQ(keeper_.credentials(), nullptr);
  ASSERT_TRUE(keeper_.Sync({}).ok());
  EXPECT_EQ(Published(), Secret("tls.crt"));
  const auto facts = Check(*keeper_.credentials(), clock_.Now());
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_TRUE(facts->identity.is_operator());
  AuthorityKeeper other(client_, clock_, {});
  ASSERT_TRUE(other.Sync({}).ok());
  EXPECT_EQ(other.authority()->trust, keeper_.authority()->trust);
}

TEST_F(AuthorityKeeperTest, TwoReplicasThatStartTogetherAgree) {
  AuthorityKeeper other(client_, clock_, {});
  client_.OnCall([&](const FakeCall& call) {
    if (call.verb != KubeVerb::kCreate || call.resource != kSecrets) return;
    client_.OnCall({});
    EXPECT_TRUE(other.Sync({}).ok());  // between this one's look and its creation
  });
  EXPECT_TRUE(keeper_.Sync({}).ok());
  EXPECT_EQ(keeper_.authority()->trust, other.authority()->trust);
  EXPECT_EQ(Published(), Secret("tls.crt"));
}

TEST_F(AuthorityKeeperTest, WhenNothingChangesNothingIsWritten) {
  ASSERT_TRUE(keeper_.Sync({}).ok());
  const int writes = Writes();
  const auto own = keeper_.credentials();
  ASSERT_TRUE(keeper_.Sync({}).ok());
  EXPECT_EQ(Writes(), writes);
  EXPECT_EQ(keeper_.credentials(), own);
}

TEST_F(AuthorityKeeperTest, ItsOwnCertificateIsRenewedAtTwoThirds) {
  ASSERT_TRUE(keeper_.Sync({}).ok());
  const auto own = keeper_.credentials();
  clock_.Advance(days(19));
  const auto next = keeper_.Sync({});
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(keeper_.credentials(), own);
  EXPECT_LE(**next, std::chrono::hours(1));
  clock_.Advance(days(1));
  ASSERT_TRUE(keeper_.Sync({}).ok());
  EXPECT_NE(keeper_.credentials(), own);
  EXPECT_TRUE(Check(*keeper_.credentials(), clock_.Now() + days(29)).ok());
}

TEST_F(AuthorityKeeperTest, ItTellsWhenTheCaAndItsOwnCertificateEnd) {
  AuthorityTimes times;
  AuthorityKeeper keeper(client_, clock_, {.on_use = [&](const AuthorityTimes& now) { times = now; }});
  ASSERT_TRUE(keeper.Sync({}).ok());
  EXPECT_EQ(times.ca, clock_.Now() + kAuthorityLifetime);
  EXPECT_EQ(times.own, clock_.Now() + kCertificateLifetime);
}

TEST_F(AuthorityKeeperTest, AReplacedCaIsUsedAtOnceAndTheFormerOneStaysTrusted) {
  ASSERT_TRUE(keeper_.Sync({}).ok());
  const std::string former = Secret("tls.crt");
  const CertificateAuthority next = CertificateAuthority::Create(clock_.Now()).value();
  PutSecret(next);
  ASSERT_TRUE(keeper_.Sync({}).ok());
  EXPECT_EQ(Published(), next.CertificatePem().value() + former);
  EXPECT_EQ(keeper_.authority()->ca.CertificatePem().value(), next.CertificatePem().value());
  EXPECT_TRUE(Check({next.CertificatePem().value(), keeper_.credentials()->certificate, keeper_.credentials()->key},
                    clock_.Now())
                  .ok());
  clock_.Advance(days(31));
  ASSERT_TRUE(keeper_.Sync({}).ok());
  EXPECT_EQ(Published(), next.CertificatePem().value());
}

TEST_F(AuthorityKeeperTest, ABrokenSecretChangesNothing) {
  ASSERT_TRUE(keeper_.Sync({}).ok());
  const auto before = keeper_.authority();
  const Json patch = {{"data", {{"tls.key", EncodeBase64("nonsense")}}}};
  ASSERT_TRUE(client_.Patch(kSecrets, kName, patch, Subresource::kNone, {}).ok());
  const auto broken = keeper_.Sync({});
  EXPECT_THAT(broken.status().message(), HasSubstr("ballast-system/ballast-ca"));
  EXPECT_EQ(keeper_.authority(), before);
}

TEST_F(AuthorityKeeperTest, AnExistingSecretIsNeverMade) {
  AuthorityKeeper keeper(client_, clock_, {.source = AuthoritySource::kExistingSecret, .secret = "corp"});
  const auto missing = keeper.Sync({});
  EXPECT_EQ(missing.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(missing.status().message(), HasSubstr("ballast-system/corp"));
  EXPECT_EQ(Writes(), 0);
  const auto ca = CertificateAuthority::Create(clock_.Now()).value();
  ASSERT_TRUE(client_.Create(kSecrets, MakeAuthoritySecret({"ballast-system", "corp"}, ca).value(), {}).ok());
  ASSERT_TRUE(keeper.Sync({}).ok());
  EXPECT_EQ(Published(), ca.CertificatePem().value());
}

TEST_F(AuthorityKeeperTest, AConflictIsTriedAgain) {
  ASSERT_TRUE(keeper_.Sync({}).ok());
  PutSecret(CertificateAuthority::Create(clock_.Now()).value());
  client_.FailNext(KubeVerb::kUpdate, Aborted("it changed"));
  EXPECT_EQ(keeper_.Sync({}).status().code(), StatusCode::kAborted);
  EXPECT_TRUE(keeper_.Sync({}).ok());
}

TEST_F(AuthorityKeeperTest, ItFollowsTheSecretUntilItIsStopped) {
  std::jthread run([this](const std::stop_token& stop) { keeper_.Run(stop); });
  client_.AwaitWatches(2);
  const CertificateAuthority next = CertificateAuthority::Create(clock_.Now()).value();
  while (!keeper_.authority()) std::this_thread::yield();
  PutSecret(next);
  while (keeper_.authority()->ca.CertificatePem().value() != next.CertificatePem().value()) std::this_thread::yield();
}

}  // namespace
}  // namespace ballast::controller
