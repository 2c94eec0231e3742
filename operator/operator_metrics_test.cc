#include "operator/operator_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace ballast::controller {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class OperatorMetricsTest : public testing::Test {
 protected:
  std::string Text() const { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

  prometheus::Registry registry_;
};

TEST_F(OperatorMetricsTest, ReconcilesAreCountedByTheirEnd) {
  for (int term = 0; term < 2; ++term) {
    const auto count = CountReconciles(registry_, "caches");
    count(OkStatus());
    count(Aborted("raced"));
  }
  EXPECT_THAT(Text(), HasSubstr(R"(ballast_operator_reconciles_total{code="OK",controller="caches"} 2)"));
  EXPECT_THAT(Text(), HasSubstr(R"(ballast_operator_reconciles_total{code="ABORTED",controller="caches"} 2)"));
}

TEST_F(OperatorMetricsTest, ACacheThatIsGoneIsShownNoMore) {
  PlacementMetrics metrics(registry_);
  metrics.Show({{"llama", {.nodes = {.desired = 3, .ready = 2}}}, {"qwen", {}}});
  EXPECT_THAT(Text(), HasSubstr(R"(ballast_operator_cache_nodes{cache="llama",state="ready"} 2)"));
  metrics.Show({{"qwen", {}}});
  EXPECT_THAT(Text(), Not(HasSubstr("llama")));
  EXPECT_THAT(Text(), HasSubstr("qwen"));
}

}  // namespace
}  // namespace ballast::controller
