#include "daemon/cluster/domain_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "daemon/cluster/domain_origins.h"
#include "daemon/testing/fake_operator.h"

namespace ballast {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

class DomainTokensTest : public ::testing::Test {
 protected:
  DomainTokensTest() {
    operator_.SetToken("team/llama", "hf_one");
    tokens_.SetCaches({{"team/1", "team/llama"}, {"team/2", "team/open"}});
  }

  FakeClock clock_;
  const TestCluster cluster_{clock_.Now()};
  FakeOperator operator_{cluster_};
  std::unique_ptr<OperatorClient> client_ = operator_.Maker()([] { return std::vector<IssuerAddress>(); }, clock_);
  std::shared_ptr<const Credentials> own_ = std::make_shared<const Credentials>();
  DomainTokens tokens_{{.issuer = *client_, .clock = clock_, .credentials = [this] { return own_; }}};
};

TEST_F(DomainTokensTest, ATokenIsKeptForFiveMinutes) {
  EXPECT_EQ(tokens_.Get("team/1").value(), "hf_one");
  operator_.SetToken("team/llama", "hf_two");
  clock_.Advance(minutes(4));
  EXPECT_EQ(tokens_.Get("team/1").value(), "hf_one");
  EXPECT_EQ(operator_.tokens_asked(), 1);
  clock_.Advance(minutes(1));
  EXPECT_EQ(tokens_.Get("team/1").value(), "hf_two");
}

TEST_F(DomainTokensTest, ARefusedTokenIsAskedForAgainButNotForEver) {
  EXPECT_EQ(tokens_.Get("team/1").value(), "hf_one");
  operator_.SetToken("team/llama", "hf_two");
  EXPECT_FALSE(tokens_.Renew("team/1")) << "just asked";
  clock_.Advance(seconds(10));
  EXPECT_TRUE(tokens_.Renew("team/1"));
  EXPECT_EQ(tokens_.Get("team/1").value(), "hf_two");
  clock_.Advance(seconds(10));
  EXPECT_FALSE(tokens_.Renew("team/1")) << "it is the same";
}

TEST_F(DomainTokensTest, WhatAVolumeBroughtStaysWhileItIsUsed) {
  tokens_.Give("volume:1", "hf_mine");
  for (int day = 0; day < 3; ++day) {
    clock_.Advance(std::chrono::hours(20));
    EXPECT_EQ(tokens_.Get("volume:1").value(), "hf_mine");
    tokens_.SetCaches({});
  }
  EXPECT_FALSE(tokens_.Renew("volume:1"));
  clock_.Advance(std::chrono::hours(25));
  tokens_.Give("volume:2", "hf_other");
  EXPECT_EQ(tokens_.Get("volume:1").status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(operator_.tokens_asked(), 0);
}

TEST_F(DomainTokensTest, ACacheWithoutATokenIsAskedWithoutOne) { EXPECT_EQ(tokens_.Get("team/2").value(), ""); }

TEST_F(DomainTokensTest, ErrorsSayWhoHasToDoSomething) {
  EXPECT_EQ(tokens_.Get("other").status().code(), StatusCode::kUnavailable);
  own_ = nullptr;
  EXPECT_THAT(tokens_.Get("team/1").status().message(), HasSubstr("no certificate"));
  own_ = std::make_shared<const Credentials>();
  operator_.Answer(FailedPrecondition("apply this Role"));
  EXPECT_EQ(tokens_.Get("team/1").status().code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(tokens_.Get("team/1").status().message(), HasSubstr("apply this Role"));
}

// Lets in whoever has the second token.
class GatedOrigin final : public Origin {
 public:
  explicit GatedOrigin(DomainTokens& tokens) : tokens_(tokens) {}
  Result<ResolvedModel> Resolve(const ModelRef& ref, const PathFilter&, std::stop_token) override {
    RETURN_IF_ERROR(Admit());
    return ResolvedModel{.ref = ref};
  }
  Status Read(const ResolvedModel&, const RemoteFile&, ByteRange, const ByteSink&, std::stop_token) override {
    return Admit();
  }

 private:
  Status Admit() {
    ASSIGN_OR_RETURN(const std::string token, tokens_.Get("team/1"));
    return token == "hf_two" ? OkStatus() : Unauthenticated("an old token");
  }
  DomainTokens& tokens_;
};

TEST_F(DomainTokensTest, ARotatedSecretIsUsedAtOnce) {
  GatedOrigin gated(tokens_);
  RenewingOrigin origin(gated, tokens_, "team/1");
  const ModelRef ref = ModelRef::Parse("hf://org/a").value();
  EXPECT_EQ(origin.Resolve(ref, {}, {}).status().code(), StatusCode::kUnauthenticated);
  operator_.SetToken("team/llama", "hf_two");
  clock_.Advance(seconds(10));
  EXPECT_TRUE(origin.Resolve(ref, {}, {}).ok());
  EXPECT_TRUE(origin.Read({}, {.path = SafePath::Parse("x").value()}, {}, {}, {}).ok());
}

}  // namespace
}  // namespace ballast
