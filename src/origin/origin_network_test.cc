// Names and addresses: what DNS answers, and which of the answers is connected to. faults.md's lists "DNS" and "SSRF".
#include <thread>

#include "origin/testing/fake_network.h"
#include "origin/testing/hub_fixture.h"

namespace ballast {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kHere[] = "127.0.0.1";
constexpr char kPublic[] = "1.2.3.4";  // reaches the stand-in
constexpr char kOtherPublic[] = "1.2.3.5";
constexpr char kPublicV6[] = "2606:4700::1234";

// A hub and its CDN that have names, and an origin that may talk to public addresses only.
class NetworkTest : public HubTest {
 protected:
  void SetUp() override {
    ResetNetwork();
    hub_ = StartHub({.cdn_address = kHere, .public_host = "hub.test", .cdn_public_host = "cdn.test"});
    ConnectAnew();
  }
  void TearDown() override { fake_network::Clear(); }
  static void ResetNetwork() {
    fake_network::Clear();
    fake_network::Route(kPublic, kHere);
    fake_network::Route(kPublicV6, "::ffff:127.0.0.1");
    fake_network::Name("cdn.test", {{kPublic}});
  }
  void ConnectAnew() { Connect({.endpoint = hub_->endpoint()}); }
  void RedirectFilesTo(const std::string& url) {
    hub_->AddFault({.kind = hub::FaultKind::kRedirect, .port = hub::Port::kHub, .path = "*/resolve/*", .text = url});
  }
};

TEST_F(NetworkTest, AModelIsReadByNames) {
  fake_network::Name("hub.test", {{kPublic}});
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_TRUE(ReadWeights(*model).ok());
  EXPECT_TRUE(Got());
  EXPECT_THAT(fake_network::Dialled(), Each(kPublic));
}

TEST_F(NetworkTest, AHostThatHasIpv6OnlyIsReached) {
  fake_network::Name("hub.test", {{kPublicV6}});
  fake_network::Name("cdn.test", {{kPublicV6}});
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_TRUE(ReadWeights(*model).ok());
  EXPECT_TRUE(Got());
  EXPECT_THAT(fake_network::Dialled(), Each(kPublicV6));
}

TEST_F(NetworkTest, ANameThatIsNotThereYetIsTriedAgainAndThenFound) {
  fake_network::Name("hub.test", {{}, {}, {kPublic}});
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Status status = Refusal();
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_TRUE(IsRetryable(status));
    EXPECT_THAT(status.message(), AllOf(HasSubstr("no address for host hub.test"), HasSubstr("DNS")));
  }
  EXPECT_TRUE(Resolve().ok());
}

TEST_F(NetworkTest, ANameThatMovesIsLookedUpAnewOnceItsOldAddressIsDead) {
  fake_network::Name("hub.test", {{kOtherPublic}, {kPublic}});
  EXPECT_THAT(Refusal().ToString(), AllOf(HasSubstr("UNAVAILABLE"), HasSubstr("cannot connect")));
  EXPECT_TRUE(Resolve().ok());
  EXPECT_THAT(fake_network::Dialled(), ElementsAre(kOtherPublic, kPublic));
}

TEST_F(NetworkTest, OfSeveralAddressesADeadOneIsPassedOver) {
  fake_network::Name("hub.test", {{kOtherPublic, kPublic}});
  EXPECT_TRUE(Resolve().ok());
}

TEST_F(NetworkTest, AStopIsObeyedWhileANameServerIsSilent) {
  fake_network::HoldNames();
  std::stop_source stop;
  Status status;
  std::jthread asker([&] { status = origin_->Resolve(HubRef(), {}, stop.get_token()).status(); });
  fake_network::AwaitHeld();
  stop.request_stop();
  asker.join();  // the look-up waits still
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  ResetNetwork();
  fake_network::Name("hub.test", {{kPublic}});
  EXPECT_TRUE(Resolve().ok());
}

TEST_F(NetworkTest, ANameServerThatStaysSilentIsGivenUp) {
  HuggingFaceOptions options{.endpoint = hub_->endpoint()};
  options.http.connect_timeout = std::chrono::milliseconds(50);
  Connect(std::move(options));
  fake_network::HoldNames();
  EXPECT_THAT(Refusal().ToString(), AllOf(HasSubstr("UNAVAILABLE"), HasSubstr("in time")));
}

TEST_F(NetworkTest, AHubIsReachedWhereItTakesAConnectionAndIsAskedNothing) {
  fake_network::Name("hub.test", {{kPublic}});
  EXPECT_EQ(origin_->Reach(HubRef(), std::chrono::seconds(20), {}), OkStatus());
  EXPECT_THAT(fake_network::Dialled(), ElementsAre(kPublic));
  EXPECT_EQ(CountRequests(hub::Port::kHub), 0);
}

TEST_F(NetworkTest, AHubThatTakesNoConnectionInTimeIsNotReachedThoughOneIsOpen) {
  fake_network::Name("hub.test", {{kPublic}});
  ASSERT_TRUE(Resolve().ok());
  fake_network::HoldNames();
  const Status status = origin_->Reach(HubRef(), std::chrono::milliseconds(50), {});
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
}

// DNS rebinding: a name that was fine the last time is judged again, by the very address that would be connected to.
TEST_F(NetworkTest, ANameThatLaterLeadsToThisMachineIsNotConnectedTo) {
  fake_network::Name("hub.test", {{kPublic}, {kHere}});
  ASSERT_TRUE(Resolve().ok());
  ConnectAnew();
  EXPECT_THAT(Refusal().ToString(), AllOf(HasSubstr("PERMISSION_DENIED"), HasSubstr("hub.test is at 127.0.0.1"),
                                          HasSubstr("loopback"), HasSubstr("allowPrivateAddresses: true")));
  EXPECT_THAT(fake_network::Dialled(), AllOf(Contains(kPublic), Each(kPublic)));
}

TEST_F(NetworkTest, OfSeveralAddressesAPrivateOneIsNeverConnectedTo) {
  fake_network::Name("hub.test", {{"10.0.0.1", "fd00::1", kHere, kPublic}});
  EXPECT_TRUE(Resolve().ok());
  EXPECT_THAT(fake_network::Dialled(), AllOf(Not(IsEmpty()), Each(kPublic)));
}

TEST_F(NetworkTest, ARedirectToANameInsideIsNotFollowed) {
  fake_network::Name("hub.test", {{kPublic}});
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  for (const char* address : {"169.254.169.254", "10.96.0.1", "::1", "fd00:ec2::254", "::ffff:169.254.169.254"}) {
    fake_network::Name("inside.test", {{address}});
    RedirectFilesTo("http://inside.test:" + std::to_string(hub_->port()) + "/latest/meta-data/");
    const Status status = Read(*model, "config.json", {0, 8});
    EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << address;
    EXPECT_THAT(status.message(), HasSubstr("inside.test is at")) << address;
  }
  EXPECT_THAT(fake_network::Dialled(), Each(kPublic));
}

// An administrator who allows a mirror inside does not mean the node's credentials.
TEST_F(NetworkTest, TheMetadataServiceIsRefusedEvenWherePrivateAddressesAreAllowed) {
  fake_network::Name("hub.test", {{kHere}});
  HuggingFaceOptions options = HubOptions(*hub_);
  Connect(std::move(options));
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  fake_network::Name("metadata.test", {{"169.254.169.254"}});
  const std::string redirect = "redirect of " + hub_->endpoint();
  const std::pair<std::string, std::string> cases[] = {{"http://169.254.169.254/latest/", redirect},
                                                       {"http://[::ffff:169.254.169.254]/", redirect},
                                                       {"http://metadata.test/", "metadata.test is at"}};
  for (const auto& [url, says] : cases) {
    RedirectFilesTo(url);
    const Status status = Read(*model, "config.json", {0, 8});
    EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << url;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("link-local"), HasSubstr("metadata service"), HasSubstr(says)));
  }
  EXPECT_THAT(fake_network::Dialled(), Each(kHere));
}

}  // namespace
}  // namespace ballast
