#include "operator/operator_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast::controller {
namespace {

using ::testing::HasSubstr;

TEST(OperatorConfigTest, TheExampleIsTheDefault) {
  const auto example = LoadOperatorConfig(BALLAST_EXAMPLE_CONFIG);
  ASSERT_TRUE(example.ok()) << example.status();
  const OperatorConfig none = *ParseOperatorConfig("", "x.yaml");
  EXPECT_EQ(example->http.address, none.http.address);
  EXPECT_EQ(example->guard_metrics, none.guard_metrics);
  EXPECT_EQ(example->grpc.address, none.grpc.address);
  EXPECT_EQ(example->tls.issuer, none.tls.issuer);
  EXPECT_EQ(example->tls.secret, none.tls.secret);
  EXPECT_EQ(example->startup_taint.max_wait, none.startup_taint.max_wait);
  EXPECT_EQ(example->poll, none.poll);
  EXPECT_EQ(example->origins.size(), 1U);
}

TEST(OperatorConfigTest, MetricsCanBeGuarded) {
  EXPECT_FALSE(ParseOperatorConfig("", "x")->guard_metrics);
  EXPECT_TRUE(ParseOperatorConfig("metrics: {auth: kubernetes}", "x")->guard_metrics);
}

TEST(OperatorConfigTest, SaysWhatIsWrongAndWhere) {
  const auto error = [](const char* yaml) { return ParseOperatorConfig(yaml, "x.yaml").status().message(); };
  EXPECT_THAT(error("pol: 5m"), HasSubstr("x.yaml:1: unknown key \"pol\"; did you mean \"poll\"?"));
  EXPECT_THAT(error("tls: {issuer: nobody}"), HasSubstr("tls.issuer"));
  EXPECT_THAT(error("metrics: {auth: basic}"), HasSubstr("metrics.auth"));
  EXPECT_THAT(error("http: {address: here}"), HasSubstr("is no address to listen on"));
  EXPECT_THAT(error("poll: 0"), HasSubstr("must be at least 1s"));
  EXPECT_THAT(error("a: 1\n---\nb: 1"), HasSubstr("a second document"));
}

}  // namespace
}  // namespace ballast::controller
