#include "review/scraper_review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "kube/testing/fake_kube_client.h"
#include "kube/testing/token_reviews.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ScraperReviewTest : public ::testing::Test {
 protected:
  ScraperReviewTest() {
    client_.Serve(TokenReviewRules({{"scraper", {.username = "prometheus", .uid = "u1", .groups = {"readers"}}},
                                    {"stranger", {.username = "stranger"}},
                                    {"nameless", {}},
                                    {"agent", {.username = "prometheus", .audience = "ballast"}}}));
    client_.Serve(AccessReviewRules([](const Json& spec) {
      const Json wanted = {{"user", "prometheus"},
                           {"uid", "u1"},
                           {"groups", {"readers"}},
                           {"extra", Json::object()},
                           {"nonResourceAttributes", {{"path", "/metrics"}, {"verb", "get"}}}};
      return spec == wanted;
    }));
  }
  Status Review(const std::string& token) { return ReviewScraper(client_, token, {}); }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
};

TEST_F(ScraperReviewTest, WhoMayGetTheMetricsPathIsLetIn) {
  EXPECT_EQ(Review("scraper"), OkStatus());
  EXPECT_EQ(client_.CountCalls(KubeVerb::kCreate), 2);
}

TEST_F(ScraperReviewTest, WhoMayNotIsToldWhichRoleIsMissing) {
  const Status status = Review("stranger");
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), HasSubstr("\"stranger\" may not get /metrics"));
  EXPECT_THAT(status.message(), HasSubstr("ballast-metrics-reader"));
}

TEST_F(ScraperReviewTest, ATokenThatTheApiserverDoesNotKnowIsNotAskedFurther) {
  for (const char* token : {"unknown", "agent", "nameless"}) {
    const int before = client_.CountCalls(KubeVerb::kCreate);
    EXPECT_EQ(Review(token).code(), StatusCode::kUnauthenticated) << token;
    EXPECT_EQ(client_.CountCalls(KubeVerb::kCreate), before + 1) << token;
  }
}

TEST_F(ScraperReviewTest, WhyTheApiserverDoesNotSayIsNobodysBusiness) {
  for (const Status& error :
       {Unavailable("10.96.0.1 is down"), DeadlineExceeded("10.96.0.1"),
        PermissionDenied("10.96.0.1 forbids it to ballast-agent"), Unauthenticated("10.96.0.1")}) {
    client_.FailNext(KubeVerb::kCreate, error);
    const Status status = Review("scraper");
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << error;
    EXPECT_THAT(status.message(), Not(HasSubstr("10.96.0.1")));
  }
  client_.LoseAnswer(KubeVerb::kCreate, Unavailable("cut"));
  EXPECT_EQ(Review("scraper").code(), StatusCode::kUnavailable);
  EXPECT_EQ(Review("scraper"), OkStatus());
}

}  // namespace
}  // namespace ballast
