// Where a redirect may lead, and where a token may go: nowhere but to the hub that it is for.
#include "origin/testing/hub_fixture.h"

namespace ballast {
namespace {

using hub::FaultKind;
using hub::Port;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

constexpr char kToken[] = "hf_canary";

class RedirectTest : public HubTest {
 protected:
  void StartWithToken(hub::Options options = {}) {
    options.tokens = {kToken};
    Start(std::move(options));
    ConnectWithToken(kToken);
    model_ = std::make_unique<ResolvedModel>(*Resolve());
    hub_->ClearRequests();
  }
  void RedirectTo(const std::string& url, int times = 1, const std::string& path = "*/resolve/*") {
    hub_->AddFault({.kind = FaultKind::kRedirect, .port = Port::kHub, .path = path, .times = times, .text = url});
  }
  // That the token came to the hub's own port and nowhere else.
  void ExpectTokenOnlyAtTheHub() {
    int with_token = 0;
    for (const auto& request : hub_->requests()) {
      EXPECT_EQ(request.authorization, request.port == Port::kHub) << request.path;
      with_token += request.authorization ? 1 : 0;
    }
    EXPECT_GT(with_token, 0);
  }

  std::unique_ptr<ResolvedModel> model_;
};

TEST_F(RedirectTest, TheTokenDoesNotFollowToAnotherHost) {
  StartWithToken();
  EXPECT_TRUE(ReadWeights(*model_).ok());
  EXPECT_TRUE(ReadWeights(*model_, {0, 300'000}).ok());
  ExpectTokenOnlyAtTheHub();
}

TEST_F(RedirectTest, TheTokenDoesNotFollowToAnotherPort) {
  StartWithToken({.cdn_address = "127.0.0.1"});
  EXPECT_TRUE(ReadWeights(*model_).ok());
  ExpectTokenOnlyAtTheHub();
}

TEST_F(RedirectTest, TheTokenStaysOnARelativeRedirect) {
  StartWithToken({.resolve_cache = true});
  EXPECT_TRUE(Read(*model_, "config.json", {0, 8}).ok());
  EXPECT_THAT(hub_->requests(), SizeIs(2));
  ExpectTokenOnlyAtTheHub();
}

TEST_F(RedirectTest, ATokenThatWasDroppedDoesNotComeBack) {
  StartWithToken();
  auto other = StartHub();
  RedirectTo(other->endpoint() + "/org/name/resolve/main/config.json");
  other->AddFault({.kind = FaultKind::kRedirect, .text = hub_->endpoint() + "/org/name/resolve/main/config.json"});
  EXPECT_TRUE(Read(*model_, "config.json", {0, 8}).ok());
  ASSERT_THAT(hub_->requests(), SizeIs(2));
  EXPECT_TRUE(hub_->requests()[0].authorization);
  EXPECT_FALSE(hub_->requests()[1].authorization);
  ASSERT_THAT(other->requests(), SizeIs(1));
  EXPECT_FALSE(other->requests()[0].authorization);
}

TEST_F(RedirectTest, TheApiMayRedirectWithoutTheToken) {
  StartWithToken();
  auto other = StartHub();
  RedirectTo(other->endpoint() + "/api/models/org/name/revision/main", 1, "*/revision/*");
  EXPECT_TRUE(Resolve().ok());
  for (const auto& request : other->requests()) EXPECT_FALSE(request.authorization);
}

// A registry's client would fetch a token from there; the hub knows no such thing.
TEST_F(RedirectTest, ARealmElsewhereIsNeverAsked) {
  StartWithToken();
  const auto other = StartHub();
  for (const char* scheme : {"Bearer", "Basic", "Negotiate", "NTLM", "Digest"}) {
    hub_->AddFault({.kind = FaultKind::kStatus,
                    .status = 401,
                    .headers = {{"WWW-Authenticate", std::string(scheme) + " realm=\"" + other->endpoint() +
                                                         "/token\",service=\"hub\",nonce=\"1\""}}});
    hub_->ClearRequests();
    EXPECT_EQ(Refusal().code(), StatusCode::kUnauthenticated) << scheme;
    EXPECT_THAT(hub_->requests(), SizeIs(1)) << scheme;
  }
  EXPECT_THAT(other->requests(), SizeIs(0));
  ExpectTokenOnlyAtTheHub();
}

TEST_F(RedirectTest, ALoopIsFound) {
  StartWithToken();
  RedirectTo("", -1);
  const Status status = ReadWeights(*model_);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("in a circle"));
  EXPECT_THAT(hub_->requests(), SizeIs(1));
}

TEST_F(RedirectTest, TenHopsAreFollowedAndElevenAreNot) {
  StartWithToken();
  const auto add_hops = [&](int hops) {
    for (int i = 0; i < hops; ++i) {
      hub_->AddFault({.kind = FaultKind::kRedirect,
                      .port = Port::kHub,
                      .path = "*/config.json",
                      .skip = i,
                      .text = hub_->endpoint() + "/org/name/resolve/main/config.json?hop=" + std::to_string(i)});
    }
  };
  add_hops(10);
  EXPECT_TRUE(Read(*model_, "config.json", {0, 8}).ok());
  hub_->ClearFaults();
  add_hops(11);
  const Status status = Read(*model_, "config.json", {0, 8});
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("more than 10 times"));
}

TEST_F(RedirectTest, WhatIsNoHttpUrlIsNotFollowed) {
  StartWithToken();
  for (const char* target :
       {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "http://u:p@127.0.0.1/"}) {
    hub_->ClearFaults();
    RedirectTo(target);
    EXPECT_EQ(Read(*model_, "config.json", {0, 8}).code(), StatusCode::kPermissionDenied) << target;
  }
}

TEST_F(RedirectTest, PrivateAddressesAreRefusedUnlessAllowed) {
  hub_ = StartHub();
  HuggingFaceOptions options = HubOptions(*hub_);
  options.http.allow_private_addresses = false;
  Connect(options);
  const Status literal = Refusal();
  EXPECT_EQ(literal.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(literal.message(), AllOf(HasSubstr("loopback"), HasSubstr("allowPrivateAddresses: true")));
  EXPECT_THAT(hub_->requests(), SizeIs(0));
}

// The address that is connected to counts, not the name: DNS may answer differently each time.
TEST_F(RedirectTest, ANameThatResolvesToAPrivateAddressIsRefused) {
  hub_ = StartHub();
  HuggingFaceOptions options = HubOptions(*hub_);
  options.endpoint = "http://localhost:" + std::to_string(hub_->port());
  options.http.allow_private_addresses = false;
  Connect(options);
  const Status status = Refusal();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("localhost is at"), HasSubstr("loopback")));
  EXPECT_THAT(hub_->requests(), SizeIs(0));
}

}  // namespace
}  // namespace ballast
