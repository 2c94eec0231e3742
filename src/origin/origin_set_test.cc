#include "origin/origin_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <map>

#include "base/testing/fake_clock.h"
#include "origin/origin_metrics.h"

namespace ballast {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class OriginSetTest : public testing::Test {
 protected:
  Status MakeFails(std::vector<OriginConfig> configs) { return OriginSet::Make(std::move(configs), clock_).status(); }
  std::unique_ptr<OriginSet> Make(std::vector<OriginConfig> configs) {
    auto set = OriginSet::Make(std::move(configs), clock_);
    BALLAST_CHECK(set.ok()) << set.status();
    return *std::move(set);
  }
  static ModelRef Ref(const std::string& text) { return *ModelRef::Parse(text); }

  FakeClock clock_;
  const std::string digest_ = std::string(64, 'a');
};

TEST_F(OriginSetTest, WithoutConfigurationThereIsThePublicHubAndHttps) {
  const auto set = Make({});
  EXPECT_TRUE(set->Select(Ref("hf://org/name")).ok());
  EXPECT_TRUE(set->Select(Ref("hf://datasets/org/name"), "hub").ok());
  EXPECT_TRUE(set->Select(Ref("https://models.example/m.bin#sha256=" + digest_)).ok());
  const Status status = set->Select(Ref("file:///models/m")).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("file:///models/m"), HasSubstr("hub (hf://)"), HasSubstr("match")));
}

TEST_F(OriginSetTest, TheLongestMatchServes) {
  const auto set = Make({{.name = "all", .match = "hf://"},
                         {.name = "ours", .match = "hf://org/"},
                         {.name = "one", .match = "hf://org/name"}});
  EXPECT_EQ(*set->Select(Ref("hf://other/name")), *set->Select(Ref("hf://other/name"), "all"));
  EXPECT_EQ(*set->Select(Ref("hf://org/other")), *set->Select(Ref("hf://org/other"), "ours"));
  EXPECT_EQ(*set->Select(Ref("hf://org/name@v1")), *set->Select(Ref("hf://org/name"), "one"));
  EXPECT_NE(*set->Select(Ref("hf://org/named")), *set->Select(Ref("hf://org/named"), "one"));
}

TEST_F(OriginSetTest, ANamedOriginWinsAndAnUnknownNameIsAnError) {
  const auto set = Make({{.name = "mirror", .match = "hf://org/"}, {.name = "hub", .match = "hf://"}});
  EXPECT_EQ(*set->Select(Ref("hf://other/name"), "mirror"), *set->Select(Ref("hf://org/name")));
  const Status status = set->Select(Ref("hf://org/name"), "miror").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("\"miror\""), HasSubstr("mirror (hf://org/), hub (hf://)")));
  EXPECT_EQ(set->Select(Ref("file:///x"), "hub").status().code(), StatusCode::kInvalidArgument);
}

TEST(MatchesUriTest, EndsAtAComponent) {
  EXPECT_TRUE(MatchesUri("hf://", "hf://org/name"));
  EXPECT_TRUE(MatchesUri("hf://org", "hf://org/name"));
  EXPECT_FALSE(MatchesUri("hf://org", "hf://organic/name"));
  EXPECT_TRUE(MatchesUri("https://host", "https://host/x"));
  for (const char* elsewhere : {"https://host.evil/x", "https://host:8443/x", "https://host@evil/x", "https://hos/x"}) {
    EXPECT_FALSE(MatchesUri("https://host", elsewhere)) << elsewhere;
  }
}

TEST_F(OriginSetTest, RefusesAConfigurationThatCannotWork) {
  EXPECT_THAT(MakeFails({{.name = "a", .match = "hf://"}, {.name = "a", .match = "file://"}}).message(),
              HasSubstr("twice"));
  EXPECT_THAT(MakeFails({{.name = "a", .match = "s3://"}}).message(), HasSubstr("hf://"));
  EXPECT_THAT(MakeFails({{.name = "a", .match = "hf://", .endpoint = "hub.example"}}).message(),
              HasSubstr("endpoint of origin a"));
  EXPECT_THAT(MakeFails({{.name = "a", .match = "hf://", .proxy = {.https = "socks5://p"}}}).message(),
              HasSubstr("proxy"));
}

TEST_F(OriginSetTest, ATokenMustNotGoToAnyHost) {
  EXPECT_THAT(MakeFails({{.name = "a", .match = "https://", .token_file = "/t"}}).message(), HasSubstr("any host"));
  const auto set = Make({{.name = "a", .match = "https://host/", .token_file = "/t"}});
  EXPECT_TRUE(set->Select(Ref("https://host/m.bin#sha256=" + digest_), "a").ok());
  EXPECT_EQ(set->Select(Ref("https://evil/m.bin#sha256=" + digest_), "a").status().code(),
            StatusCode::kInvalidArgument);
}

TEST(OriginMetricsTest, CountsRequestsAndBytesByOrigin) {
  prometheus::Registry registry;
  const auto hub = CountAnswers(&registry, "hub");
  const auto mirror = CountAnswers(&registry, "mirror");
  hub(206, 1000);
  hub(206, 24);
  hub(503, 0);
  mirror(200, 7);
  std::map<std::string, double> values;
  for (const auto& family : registry.Collect()) {
    for (const auto& metric : family.metric) {
      std::string labels;
      for (const auto& label : metric.label) labels += " " + label.value;
      values[family.name + labels] = metric.counter.value;
    }
  }
  EXPECT_EQ(values, (std::map<std::string, double>{{"ballast_origin_received_bytes_total hub", 1024},
                                                   {"ballast_origin_received_bytes_total mirror", 7},
                                                   {"ballast_origin_requests_total 206 hub", 2},
                                                   {"ballast_origin_requests_total 503 hub", 1},
                                                   {"ballast_origin_requests_total 200 mirror", 1}}));
  EXPECT_FALSE(CountAnswers(nullptr, "hub"));
}

}  // namespace
}  // namespace ballast
