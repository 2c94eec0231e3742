#include "swarm/dns_membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/logging.h"
#include "swarm/testing/fake_name_lookup.h"
#include "swarm/testing/members.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

DnsMembershipOptions Options() {
  return {.name = "swarm.example.", .self_host = "10.0.0.1", .control_port = 7070, .data_port = 7071};
}

// What is logged, line by line.
class LogLines final : public google::LogSink {
 public:
  LogLines() { google::AddLogSink(this); }
  ~LogLines() override { google::RemoveLogSink(this); }
  void send(google::LogSeverity, const char*, const char*, int, const std::tm*, const char* message,
            size_t length) override {
    lines_.emplace_back(message, length);
  }
  // Those since the last call.
  std::vector<std::string> Take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> lines_;
};

class DnsMembershipTest : public testing::Test {
 protected:
  std::vector<std::string> Names() { return NamesOf(*membership_->Current()); }

  FakeNameLookup lookup_{"swarm.example.", AddressFamily::kIpv4};
  std::unique_ptr<DnsMembership> membership_ = DnsMembership::Of(Options(), lookup_).value();
};

TEST_F(DnsMembershipTest, AMemberIsNamedByItsAddressAndHasThePortsOfAll) {
  lookup_.Answer({{"10.0.0.1", "10.0.0.2", "10.0.0.2"}});
  ASSERT_EQ(membership_->Refresh(), OkStatus());
  EXPECT_THAT(Names(), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ((*membership_->Current())[1], (Member{"10.0.0.2", "", "10.0.0.2", 7070, 7071}));
}

TEST_F(DnsMembershipTest, BeforeTheFirstAnswerThisNodeIsAlone) {
  EXPECT_EQ(membership_->Refresh().code(), StatusCode::kUnavailable);
  EXPECT_THAT(Names(), ElementsAre("10.0.0.1"));
}

TEST_F(DnsMembershipTest, TheLastGoodAnswerStaysAndTroubleIsLoggedOnce) {
  lookup_.Answer({{"10.0.0.1", "10.0.0.2"}});
  ASSERT_EQ(membership_->Refresh(), OkStatus());
  LogLines log;
  lookup_.Answer(Unavailable("no name server answered"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(membership_->Refresh(), Unavailable("no name server answered"));
  EXPECT_THAT(Names(), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(log.Take(), ElementsAre(HasSubstr("members=\"2\" error=\"UNAVAILABLE: no name server answered\"")));

  lookup_.Answer({{"10.0.0.1", "10.0.0.3"}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(membership_->Refresh(), OkStatus());
  EXPECT_THAT(Names(), ElementsAre("10.0.0.1", "10.0.0.3"));
  EXPECT_THAT(log.Take(), ElementsAre(HasSubstr("well again")));
}

TEST_F(DnsMembershipTest, AnAnswerThatIsNoSwarmIsNoGoodAnswer) {
  lookup_.Answer({{"10.0.0.1", "10.0.0.2"}});
  ASSERT_EQ(membership_->Refresh(), OkStatus());
  for (const char* bad : {"169.254.169.254", "0.0.0.0", "224.0.0.1", "not an address"}) {
    lookup_.Answer({{"10.0.0.1", bad, "10.0.0.3"}});
    const Status status = membership_->Refresh();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(status.message(), HasSubstr("answer for \"swarm.example.\""));
    EXPECT_THAT(status.message(), HasSubstr(StrCat("\"", bad, "\"")));
  }
  EXPECT_THAT(Names(), ElementsAre("10.0.0.1", "10.0.0.2"));
}

TEST_F(DnsMembershipTest, ThisNodeIsAMemberThoughTheAnswerLacksItAndThatIsLoggedOnce) {
  LogLines log;
  lookup_.Answer({{"10.0.0.2"}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(membership_->Refresh(), OkStatus());
  EXPECT_THAT(Names(), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(log.Take(), ElementsAre(HasSubstr("does not have this node's address")));
  lookup_.Answer({{"10.0.0.1", "10.0.0.2"}});
  EXPECT_EQ(membership_->Refresh(), OkStatus());
  EXPECT_THAT(log.Take(), ElementsAre(HasSubstr("well again")));
}

TEST_F(DnsMembershipTest, WellFromTheStartIsNotLogged) {
  LogLines log;
  lookup_.Answer({{"10.0.0.1"}});
  EXPECT_EQ(membership_->Refresh(), OkStatus());
  EXPECT_THAT(log.Take(), IsEmpty());
}

TEST_F(DnsMembershipTest, OnceStartedItLooksUpAgainAndAgain) {
  auto options = Options();
  options.interval = std::chrono::milliseconds(1);
  const auto membership = DnsMembership::Of(options, lookup_).value();
  membership->Start();
  for (const char* other : {"10.0.0.2", "10.0.0.3"}) {
    lookup_.Answer({{"10.0.0.1", other}});
    lookup_.WaitForCalls(2);  // the second begins when the first has been published
    EXPECT_THAT(NamesOf(*membership->Current()), ElementsAre("10.0.0.1", other));
  }
}

TEST_F(DnsMembershipTest, StopDoesNotWaitForTheInterval) {
  auto options = Options();
  options.interval = std::chrono::hours(10);
  auto membership = DnsMembership::Of(options, lookup_).value();
  lookup_.Answer({{"10.0.0.1", "10.0.0.2"}});
  Mutex mutex;
  CondVar changed;
  size_t members = 0;
  auto watch = std::make_unique<MembershipWatch>(membership->Watch([&](const MemberListPtr& list) {
    MutexLock lock(mutex);
    members = list->size();
    changed.NotifyAll();
  }));
  membership->Start();
  {
    MutexLock lock(mutex);
    while (members != 2) changed.Wait(mutex);
  }
  watch.reset();
  membership.reset();  // would outlast the test's time limit
}

TEST(DnsMembershipOptionsTest, AnIpv6SwarmLooksUpIpv6AndHasOneNamePerAddress) {
  auto options = Options();
  options.self_host = "FD00:0::1";
  FakeNameLookup lookup("swarm.example.", AddressFamily::kIpv6);
  lookup.Answer({{"fd00::1", "fd00::2"}});
  const auto membership = DnsMembership::Of(options, lookup).value();
  ASSERT_EQ(membership->Refresh(), OkStatus());
  EXPECT_EQ(membership->self(), "fd00-0000-0000-0000-0000-0000-0000-0001");
  EXPECT_THAT(NamesOf(*membership->Current()),
              ElementsAre(membership->self(), "fd00-0000-0000-0000-0000-0000-0000-0002"));
  EXPECT_EQ(membership->Current()->Find(membership->self())->host, "fd00::1");
}

TEST(DnsMembershipOptionsTest, BadOnesAreNamed) {
  const std::vector<std::pair<std::function<void(DnsMembershipOptions&)>, std::string>> cases = {
      {[](auto& o) { o.name = ""; }, "\"\" is not a DNS name"},
      {[](auto& o) { o.name = "swarm..example"; }, "\"swarm..example\" is not a DNS name"},
      {[](auto& o) { o.self_host = "node-1.example"; }, "own address: \"node-1.example\" is not an IP address"},
      {[](auto& o) { o.self_host = std::string("10.0.0.1\0", 9); }, "is not an IP address"},
      {[](auto& o) { o.self_host = "fe80::1"; }, "link-local"},
      {[](auto& o) { o.data_port = 0; }, "between 1 and 65535"},
      {[](auto& o) { o.interval = Duration::zero(); }, "interval between look-ups"}};
  FakeNameLookup lookup("swarm.example.", AddressFamily::kIpv4);
  for (const auto& [spoil, text] : cases) {
    auto options = Options();
    spoil(options);
    const Status status = DnsMembership::Of(options, lookup).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr(text));
  }
}

}  // namespace
}  // namespace ballast
