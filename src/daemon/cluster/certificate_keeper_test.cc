#include "daemon/cluster/certificate_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/small_file.h"
#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "daemon/testing/fake_operator.h"

namespace ballast {
namespace {

using std::chrono::days;
using ::testing::HasSubstr;

TEST(RenewAtTest, AtTwoThirdsMovedByAFewPercent) {
  const WallTime begin{};
  const Validity validity{begin, begin + days(30)};
  EXPECT_EQ(RenewAt(validity, 0), begin + days(20));
  EXPECT_EQ(RenewAt(validity, -1), begin + std::chrono::hours(444));
  EXPECT_EQ(RenewAt(validity, 1), begin + std::chrono::hours(516));
}

class CertificateKeeperTest : public ::testing::Test {
 protected:
  CertificateKeeperTest() {
    BALLAST_CHECK(ReplaceSmallFile(dir_.path() + "/ca.crt", cluster_.CaPem()).ok());
    BALLAST_CHECK(ReplaceSmallFile(dir_.path() + "/token", "token of n1\n").ok());
  }
  void Start() {
    client_ = operator_.Maker()([] { return std::vector<IssuerAddress>(); }, clock_);
    const std::string identity = dir_.path() + "/identity";
    keeper_.reset(new CertificateKeeper(
        {.issuer = *client_,
         .clock = clock_,
         .node = "n1",
         .ca_file = dir_.path() + "/ca.crt",
         .token_file = dir_.path() + "/token",
         .paths = {.ca = identity + "/ca.crt", .certificate = identity + "/tls.crt", .key = identity + "/tls.key"},
         .backoff = {std::chrono::milliseconds(0), std::chrono::milliseconds(0)},
         .look_every = std::chrono::milliseconds(1)}));
  }
  void Await(const std::function<bool(const CertificateFacts&)>& holds) const {
    while (!holds(keeper_->facts())) std::this_thread::yield();
  }

  const TempDir dir_;
  FakeClock clock_;
  const TestCluster cluster_{clock_.Now()};
  FakeOperator operator_{cluster_};
  std::unique_ptr<OperatorClient> client_;
  std::unique_ptr<CertificateKeeper> keeper_;
};

TEST_F(CertificateKeeperTest, ACertificateIsObtainedKeptAndUsedByTheNextStart) {
  Start();
  Await([](const CertificateFacts& facts) { return facts.valid; });
  EXPECT_NE(keeper_->credentials(), nullptr);
  keeper_.reset();
  operator_.Answer(Unavailable("down"));
  Start();
  EXPECT_TRUE(keeper_->facts().valid);
  EXPECT_EQ(operator_.issued(), 1);
  EXPECT_EQ(std::filesystem::status(dir_.path() + "/identity/tls.key").permissions() & std::filesystem::perms(0077),
            std::filesystem::perms::none);
}

TEST_F(CertificateKeeperTest, ItIsRenewedInTimeWithoutARestart) {
  Start();
  Await([](const CertificateFacts& facts) { return facts.valid; });
  clock_.Advance(days(18));
  EXPECT_EQ(operator_.issued(), 1);
  clock_.Advance(days(4));
  while (operator_.issued() < 2) std::this_thread::yield();
}

TEST_F(CertificateKeeperTest, WhatIsMissingIsSaidUntilItIsThere) {
  std::filesystem::rename(dir_.path() + "/ca.crt", dir_.path() + "/later");
  Start();
  Await([](const CertificateFacts& facts) { return facts.message.find("ConfigMap ballast-ca") != std::string::npos; });
  EXPECT_EQ(keeper_->facts().reason, Reason::kNoCertificate);
  EXPECT_EQ(keeper_->credentials(), nullptr);
  std::filesystem::rename(dir_.path() + "/later", dir_.path() + "/ca.crt");
  Await([](const CertificateFacts& facts) { return facts.valid; });
}

TEST_F(CertificateKeeperTest, AnExpiredOneIsNoneAndIsRenewed) {
  Start();
  Await([](const CertificateFacts& facts) { return facts.valid; });
  operator_.Answer(PermissionDenied("not you"));
  clock_.Advance(days(31));
  Await([](const CertificateFacts& facts) {
    return facts.reason == Reason::kCertificateExpired && facts.message.find("not you") != std::string::npos;
  });
  EXPECT_EQ(keeper_->credentials(), nullptr);
}

}  // namespace
}  // namespace ballast
