#include "daemon/swarm_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/small_file.h"
#include "base/testing/fake_clock.h"
#include "base/testing/temp_dir.h"
#include "daemon/swarm_credentials.h"
#include "identity/authority.h"
#include "identity/pem_file.h"
#include "swarm/testing/fake_name_lookup.h"

namespace ballast {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Optional;

class SwarmMembersTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<SwarmMembers>> Open(const std::string& node = "n1") {
    return SwarmMembers::Open(config_, node, lookup_);
  }
  void WriteFile(const std::string& yaml) {
    config_.members_file = dir_.path() + "/m.yaml";
    ASSERT_EQ(ReplaceSmallFile(config_.members_file, yaml), OkStatus());
  }

  const TempDir dir_;
  FakeNameLookup lookup_{"swarm.example", AddressFamily::kIpv4};
  SwarmConfig config_;
};

TEST_F(SwarmMembersTest, AListThatHasThisNode) {
  config_.members = ParseMembers("members: [{name: n1}, {name: n2}]", "m").value();
  EXPECT_EQ(Open().value()->membership().Current()->size(), 2U);
  EXPECT_EQ(Open().value()->Refresh(), OkStatus());
  const Status other = Open("host-7").status();
  EXPECT_EQ(other.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(other.message(), AllOf(HasSubstr("swarm.members"), HasSubstr("this node is \"host-7\"")));
}

TEST_F(SwarmMembersTest, AFileIsReadAgainAndItsLastGoodListStays) {
  WriteFile("members: [{name: n1}, {name: n2}]");
  const auto members = Open().value();
  EXPECT_EQ(members->membership().Current()->size(), 2U);
  WriteFile("members: [{name: n1}, {name: n2}, {name: n3}]");
  EXPECT_EQ(members->Refresh(), OkStatus());
  EXPECT_NE(members->membership().Current()->Find("n3"), nullptr);
  WriteFile("members: [{name: n2}]");
  for (int i = 0; i < 2; ++i)  // it is said as long as it is so
    EXPECT_THAT(members->Refresh().message(), HasSubstr("swarm.membersFile: the list of before stays in use"));
  EXPECT_EQ(members->membership().Current()->size(), 3U);
  std::filesystem::remove(config_.members_file);
  EXPECT_THAT(members->Refresh().message(), HasSubstr(config_.members_file));
  WriteFile("members: [{name: n1}]");
  EXPECT_EQ(members->Refresh(), OkStatus());
  EXPECT_EQ(members->membership().Current()->size(), 1U);
}

TEST_F(SwarmMembersTest, AFileThatIsNoListNamesTheKeyOrTheLine) {
  config_.members_file = dir_.path() + "/none";
  EXPECT_THAT(Open().status().message(), AllOf(HasSubstr("swarm.membersFile"), HasSubstr("/none")));
  WriteFile("members: []");
  EXPECT_THAT(Open().status().message(), HasSubstr("m.yaml:1: members: names nobody"));
}

TEST_F(SwarmMembersTest, ByDnsAnAddressIsTheName) {
  config_.dns = {.name = "swarm.example", .self = "127.0.0.1", .interval = std::chrono::hours(1)};
  const auto members = Open("127.0.0.1").value();
  EXPECT_EQ(members->membership().self(), "127.0.0.1");
  EXPECT_EQ(members->membership().Current()->size(), 1U);
}

class SwarmCredentialsTest : public ::testing::Test {
 protected:
  void Write(const std::string& node, std::chrono::seconds lifetime = kCertificateLifetime) {
    const IssuedCertificate issued = ca_.Issue(PeerIdentity::Node(node).value(), clock_.Now(), lifetime).value();
    ASSERT_EQ(ReplacePemFile(paths_.ca, ca_.CertificatePem().value(), Secrecy::kPublic), OkStatus());
    ASSERT_EQ(ReplacePemFile(paths_.certificate, issued.certificate, Secrecy::kPublic), OkStatus());
    ASSERT_EQ(ReplacePemFile(paths_.key, issued.key, Secrecy::kPrivate), OkStatus());
  }

  const TempDir dir_;
  FakeClock clock_;
  const CertificateAuthority ca_ = CertificateAuthority::Create(clock_.Now()).value();
  const CredentialPaths paths_{dir_.path() + "/ca.pem", dir_.path() + "/n.pem", dir_.path() + "/n.key"};
  SwarmCredentials credentials_{paths_, "n1", clock_};
};

TEST_F(SwarmCredentialsTest, WithoutFilesTheSwarmIsOffAndThatIsSaidUntilTheyCome) {
  credentials_.Refresh();
  EXPECT_EQ(credentials_.context(), nullptr);
  EXPECT_THAT(credentials_.problem(),
              Optional(AllOf(HasSubstr("swarm off, models come from their origins"), HasSubstr(dir_.path()))));
  Write("n1");
  credentials_.Refresh();
  EXPECT_NE(credentials_.context(), nullptr);
  EXPECT_NE(credentials_.credentials(), nullptr);
  EXPECT_EQ(credentials_.problem(), std::nullopt);
}

TEST_F(SwarmCredentialsTest, ANewPairMakesANewContextAndAnOldOneDoesNot) {
  Write("n1");
  credentials_.Refresh();
  const auto first = credentials_.context();
  credentials_.Refresh();
  EXPECT_EQ(credentials_.context(), first);
  Write("n1");
  credentials_.Refresh();
  EXPECT_NE(credentials_.context(), first);
}

TEST_F(SwarmCredentialsTest, TheCertificateOfAnotherNodeIsNotTaken) {
  Write("n2");
  credentials_.Refresh();
  EXPECT_EQ(credentials_.context(), nullptr);
  EXPECT_THAT(credentials_.problem(), Optional(AllOf(HasSubstr("of node n2"), HasSubstr("this is node n1"))));
  Write("n1");
  credentials_.Refresh();
  const auto good = credentials_.context();
  Write("n2");
  credentials_.Refresh();
  EXPECT_EQ(credentials_.context(), good);
  EXPECT_THAT(credentials_.problem(), Optional(HasSubstr("cannot be renewed")));
}

TEST_F(SwarmCredentialsTest, ItsEndIsToldBeforeItComes) {
  Write("n1");
  credentials_.Refresh();
  clock_.Advance(std::chrono::hours(24 * 20));
  credentials_.Refresh();
  EXPECT_EQ(credentials_.problem(), std::nullopt);
  clock_.Advance(std::chrono::hours(24 * 7) + std::chrono::hours(12));
  credentials_.Refresh();
  EXPECT_THAT(credentials_.problem(), Optional(HasSubstr("expires in 2 days")));
  clock_.Advance(std::chrono::hours(24 * 7));
  credentials_.Refresh();
  EXPECT_THAT(credentials_.problem(), Optional(HasSubstr("has expired")));
}

}  // namespace
}  // namespace ballast
