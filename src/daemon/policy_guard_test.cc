#include "daemon/policy_guard.h"

#include <gtest/gtest.h>

#include <vector>

#include "api/policy_rules.h"

namespace ballast {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr SteadyTime kNow{std::chrono::hours(5)};

NodePolicy Quota(uint64_t bytes) { return {.name = "p", .quota_bytes = bytes}; }

// One of each thing that decides about evictions.
std::vector<NodePolicy> Changes() {
  std::vector<NodePolicy> all(6, Quota(100));
  all[0].quota_bytes = 10;
  all[1].high_threshold_percent = 30;
  all[2].low_threshold_percent = 20;
  all[3].min_available_bytes = 1 << 20;
  all[4].unused_for = minutes(1);
  all[5].tenants = {{.namespaces = {"*"}, .quota_bytes = 1}};
  return all;
}

TEST(PolicyGuardTest, WhateverEvictsMoreThanHalfWaitsAndNothingElseDoes) {
  for (const NodePolicy& wanted : Changes()) {
    for (const uint64_t bytes : {0, 1, 49, 50, 51, 100}) {
      for (const bool confirmed : {false, true}) {
        const GuardedPolicy next = NextPolicy({.in_effect = Quota(100)}, wanted, {bytes, 100}, confirmed, kNow);
        const bool waits = bytes > 50 && !confirmed;
        EXPECT_EQ(next.waiting.has_value(), waits) << bytes;
        EXPECT_EQ(next.in_effect, waits ? Quota(100) : wanted);
        if (waits) {
          EXPECT_EQ(next.begins, kNow + kLargeEvictionWaits);
        }
      }
    }
  }
}

TEST(PolicyGuardTest, WhatDoesNotDecideAboutEvictionsIsInEffectAtOnce) {
  NodePolicy wanted = Quota(10);
  wanted.upload = 7;
  wanted.eviction_interval = minutes(1);
  const GuardedPolicy next = NextPolicy({.in_effect = Quota(100)}, wanted, {90, 100}, false, kNow);
  EXPECT_EQ(next.in_effect.quota_bytes, 100U);
  EXPECT_EQ(next.in_effect.upload, 7U);
  EXPECT_EQ(next.in_effect.eviction_interval, minutes(1));
  NodePolicy only_limits = Quota(100);
  only_limits.upload = 7;
  EXPECT_EQ(NextPolicy({.in_effect = Quota(100)}, only_limits, {90, 100}, false, kNow).in_effect, only_limits)
      << "a disk that filled by itself is no change";
}

TEST(PolicyGuardTest, ItBeginsWhenItsTimeHasComeAndNotLaterForBeingLookedAt) {
  GuardedPolicy guarded = NextPolicy({.in_effect = Quota(100)}, Quota(10), {90, 100}, false, kNow);
  const SteadyTime begins = guarded.begins;
  for (seconds passed(0); kNow + passed < begins; passed += seconds(10)) {
    guarded = NextPolicy(guarded, Quota(10), {90, 100}, false, kNow + passed);
    ASSERT_EQ(guarded.in_effect, Quota(100)) << passed.count();
    ASSERT_EQ(guarded.begins, begins);
  }
  EXPECT_EQ(NextPolicy(guarded, Quota(10), {90, 100}, false, begins).in_effect, Quota(10));
}

TEST(PolicyGuardTest, AnotherChangeWaitsAnewAndOneThatIsCalledOffDoesNot) {
  const GuardedPolicy guarded = NextPolicy({.in_effect = Quota(100)}, Quota(10), {90, 100}, false, kNow);
  const GuardedPolicy other = NextPolicy(guarded, Quota(20), {80, 100}, false, kNow + minutes(9));
  EXPECT_EQ(other.begins, kNow + minutes(9) + kLargeEvictionWaits);
  EXPECT_EQ(NextPolicy(other, Quota(100), {0, 100}, false, kNow + minutes(10)),
            (GuardedPolicy{.in_effect = Quota(100)}));
  EXPECT_EQ(NextPolicy(other, Quota(20), {40, 100}, false, kNow + minutes(10)).in_effect, Quota(20))
      << "by now it is not much";
}

TEST(PolicyGuardTest, AConfirmationIsOfWhatThePolicySaysAndOfNothingElse) {
  CachePolicy policy;
  policy.metadata.name = "p";
  policy.spec.disk.quota = 10;
  EXPECT_FALSE(IsConfirmed(policy));
  policy.metadata.annotations[kConfirmAnnotation] = ConfirmationOf(policy);
  EXPECT_TRUE(IsConfirmed(policy)) << "the annotation itself is not part of it";
  policy.spec.disk.quota = 9;
  EXPECT_FALSE(IsConfirmed(policy));
}

}  // namespace
}  // namespace ballast
