#include "api/policy_rules.h"

#include <gtest/gtest.h>

#include <optional>

namespace ballast {
namespace {

using std::chrono::seconds;

// Priorities, ages and names, each in all combinations.
std::vector<CachePolicy> AllKinds() {
  std::vector<CachePolicy> all;
  for (const int32_t priority : {INT32_MIN, 0, 7}) {
    for (const std::optional<Timestamp> created :
         {std::optional<Timestamp>(), {Timestamp(seconds(5))}, {Timestamp(seconds(9))}}) {
      for (const char* name : {"a", "b"}) {
        CachePolicy policy;
        policy.metadata.name = name;
        policy.metadata.creation_timestamp = created;
        policy.spec.priority = priority;
        all.push_back(policy);
      }
    }
  }
  return all;
}

TEST(PolicyRulesTest, ThePolicyOfTheHighestPriorityGoesFirstThenTheOldestThenTheFirstByName) {
  const std::vector<CachePolicy> all = AllKinds();
  for (const CachePolicy& a : all) {
    for (const CachePolicy& b : all) {
      EXPECT_EQ(GoesBefore(a, b) + GoesBefore(b, a), a == b ? 0 : 1) << "one of two goes first, always the same";
      if (a.spec.priority > b.spec.priority) {
        EXPECT_TRUE(GoesBefore(a, b));
      }
      if (a.spec.priority != b.spec.priority) continue;
      const Timestamp created_a = a.metadata.creation_timestamp.value_or(Timestamp::max());
      const Timestamp created_b = b.metadata.creation_timestamp.value_or(Timestamp::max());
      if (created_a < created_b) {
        EXPECT_TRUE(GoesBefore(a, b));
      }
      if (created_a == created_b && a.metadata.name < b.metadata.name) {
        EXPECT_TRUE(GoesBefore(a, b));
      }
    }
  }
}

TEST(PolicyRulesTest, APolicyWithoutASelectorIsForEveryNodeAndOneWithLabelsForNoneWithoutThem) {
  CachePolicy policy;
  EXPECT_TRUE(SelectsNode(policy, {}));
  policy.spec.node_selector = LabelSelector{{{"pool", "gpu"}}, {}};
  EXPECT_FALSE(SelectsNode(policy, {}));
  EXPECT_TRUE(SelectsNode(policy, {{"pool", "gpu"}}));
}

TEST(PolicyRulesTest, ANamespaceIsOfTheFirstTenantThatHasIt) {
  const std::vector<NodeTenant> tenants{{.namespaces = {"a", "b"}}, {.namespaces = {"*"}}, {.namespaces = {"c"}}};
  EXPECT_EQ(TenantOf(tenants, "b"), &tenants[0]);
  EXPECT_EQ(TenantOf(tenants, "c"), &tenants[1]);
  EXPECT_EQ(TenantOf(std::vector<NodeTenant>{tenants[0]}, "c"), nullptr);
}

TEST(PolicyRulesTest, OfTwoLimitsTheLowerCountsAndZeroIsNone) {
  EXPECT_EQ(Stricter(0, 5), 5U);
  EXPECT_EQ(Stricter(5, 0), 5U);
  EXPECT_EQ(Stricter(3, 5), 3U);
  EXPECT_EQ(Stricter(0, 0), 0U);
}

}  // namespace
}  // namespace ballast
