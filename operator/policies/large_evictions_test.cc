#include "operator/policies/large_evictions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/policies/policy_reconciler.h"

namespace ballast::controller {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kGiB = 1ULL << 30;
constexpr Timestamp kNow{seconds(1'700'000'000)};

class LargeEvictionsTest : public ::testing::Test {
 protected:
  LargeEvictionsTest() {
    policy_.metadata.name = "default";
    policy_.metadata.generation = 7;
    node_.metadata.name = "n1";
    node_.spec.policy = {.name = "default", .quota_bytes = 100 * kGiB};
    node_.status.disk = {.capacity_bytes = 1000 * kGiB, .available_bytes = 900 * kGiB, .used_bytes = 80 * kGiB};
    AddCopy("warm", /*pinned=*/true, /*priority=*/0, 40 * kGiB);
    AddCopy("strong", /*pinned=*/false, /*priority=*/5, 20 * kGiB);
    AddCopy("weak", /*pinned=*/false, /*priority=*/1, 20 * kGiB);
  }
  void AddCopy(const std::string& cache, bool pinned, int32_t priority, uint64_t bytes,
               const std::vector<std::string>& namespaces = {"*"}) {
    const std::string manifest = "sha256:" + cache;
    node_.spec.caches.push_back(
        {.cache = cache, .manifest = manifest, .pinned = pinned, .priority = priority, .namespaces = namespaces});
    node_.status.caches.push_back({.cache = cache, .manifest = manifest, .phase = CachePhase::kReady, .bytes = bytes});
  }
  // Of the policy with this quota; the quota that n1 is told is in told_.
  std::optional<LargeEviction> Change(uint64_t quota, Timestamp now = kNow) {
    policy_.spec.disk.quota = quota;
    PolicyChoice choice{.of_node = {{"n1", std::make_shared<const CachePolicy>(policy_)}}};
    const LargeEvictions found =
        GuardLargeEvictions(choice, {std::make_shared<const CacheNode>(node_)}, namespaces_, now);
    told_ = choice.of_node.at("n1")->spec.disk.quota.value_or(0);
    told_tenants_ = choice.of_node.at("n1")->spec.tenants;
    told_unused_ = choice.of_node.at("n1")->spec.eviction.unused_for;
    next_ = found.next;
    if (found.of_policy.empty()) return std::nullopt;
    return found.of_policy.at("default");
  }

  CachePolicy policy_;
  CacheNode node_;
  Namespaces namespaces_;
  uint64_t told_ = 0;
  std::optional<std::chrono::milliseconds> told_unused_;
  std::vector<TenantSpec> told_tenants_;
  std::optional<Timestamp> next_;
};

TEST_F(LargeEvictionsTest, HalfIsNotMuch) {
  EXPECT_FALSE(Change(40 * kGiB).has_value());
  EXPECT_EQ(told_, 40 * kGiB);
  EXPECT_EQ(next_, std::nullopt);
}

TEST_F(LargeEvictionsTest, MoreThanHalfWaitsTenMinutesWithTheListOfWhatGoes) {
  const LargeEviction waits = Change(30 * kGiB).value();
  EXPECT_EQ(told_, 100 * kGiB) << "until then the node keeps what it has";
  EXPECT_FALSE(waits.released);
  EXPECT_EQ(waits.what.generation, 7);
  EXPECT_EQ(waits.what.begins_at, kNow + kLargeEvictionWaits);
  EXPECT_EQ(next_, waits.what.begins_at);
  EXPECT_EQ(waits.what.bytes, 50 * kGiB);
  EXPECT_EQ(waits.what.node_count, 1);
  ASSERT_EQ(waits.what.nodes.size(), 1U);
  EXPECT_EQ(waits.what.nodes[0].percent, 62);
  EXPECT_THAT(waits.what.nodes[0].caches, ElementsAre("weak", "strong", "warm"));
}

TEST_F(LargeEvictionsTest, ItBeginsWhenItsTimeHasComeAndNotLaterForBeingLookedAt) {
  policy_.status.pending_evictions = Change(kGiB)->what;
  EXPECT_FALSE(Change(kGiB, kNow + seconds(599))->released);
  EXPECT_EQ(told_, 100 * kGiB);
  EXPECT_TRUE(Change(kGiB, kNow + seconds(600))->released);
  EXPECT_EQ(told_, kGiB);
  node_.spec.policy.quota_bytes = kGiB;
  EXPECT_FALSE(Change(kGiB, kNow + seconds(601)).has_value()) << "the node was told";
}

TEST_F(LargeEvictionsTest, AConfirmationOfThisGenerationReleasesIt) {
  policy_.metadata.annotations[kConfirmAnnotation] = "6";
  EXPECT_FALSE(Change(kGiB)->released);
  policy_.metadata.annotations[kConfirmAnnotation] = "7";
  EXPECT_TRUE(Change(kGiB)->released);
  EXPECT_EQ(told_, kGiB);
}

TEST_F(LargeEvictionsTest, AnotherChangeWaitsAnew) {
  policy_.status.pending_evictions = Change(kGiB)->what;
  policy_.metadata.generation = 8;
  EXPECT_EQ(Change(2 * kGiB, kNow + seconds(500))->what.begins_at, kNow + seconds(500) + kLargeEvictionWaits);
}

TEST_F(LargeEvictionsTest, ADiskThatFilledByItselfIsNoChange) {
  node_.status.disk.used_bytes = 300 * kGiB;
  EXPECT_FALSE(Change(100 * kGiB).has_value());
}

TEST_F(LargeEvictionsTest, AShorterUnusedForCountsWhateverNobodyPinsAndNoCacheKeepsLonger) {
  node_.spec.policy.unused_for = hours(720);
  policy_.spec.eviction.unused_for = hours(24);
  EXPECT_FALSE(Change(100 * kGiB).has_value()) << "half is not much: the other half is pinned";
  node_.spec.caches.Change(0, [](CacheEntry& entry) { entry.pinned = false; });
  const LargeEviction waits = Change(100 * kGiB).value();
  EXPECT_EQ(waits.what.bytes, 80 * kGiB);
  EXPECT_THAT(waits.what.nodes.at(0).caches, ElementsAre("warm", "weak", "strong"));
  EXPECT_EQ(told_unused_, hours(720)) << "until then the node keeps what it has";
  EXPECT_TRUE(Change(100 * kGiB, kNow)->what.begins_at.has_value());
  node_.spec.caches.Change(0,
                           [](CacheEntry& entry) { entry.unused_for = hours(1); });  // its own word, before and after
  EXPECT_FALSE(Change(100 * kGiB).has_value());
}

TEST_F(LargeEvictionsTest, WhatNoCacheNamesGoesByThePolicyToo) {
  node_.status.disk.used_bytes = 200 * kGiB;
  node_.spec.policy.quota_bytes = 0;
  policy_.spec.eviction.unused_for = hours(24);
  EXPECT_EQ(Change(0)->what.bytes, 160 * kGiB) << "all but what is pinned";
}

// Over all that the two say, for one copy of two caches.
TEST_F(LargeEvictionsTest, ACopyGoesSoonerOnlyWhenTheMostPatientOfItsCachesSaysSo) {
  using UnusedFor = std::optional<std::chrono::milliseconds>;
  const std::vector<UnusedFor> all{std::nullopt, hours(1), hours(2), hours(3)};
  const auto longest = [](const UnusedFor& a, const UnusedFor& b) { return a && b ? std::max(a, b) : std::nullopt; };
  const auto shorter = [](const UnusedFor& a, const UnusedFor& b) { return a && (!b || *a < *b); };
  node_.status.caches = {{.cache = "a", .manifest = "sha256:1", .phase = CachePhase::kReady, .bytes = 80 * kGiB}};
  for (const UnusedFor& a : all) {
    for (const UnusedFor& b : all) {
      for (const UnusedFor& before : all) {
        for (const UnusedFor& after : all) {
          node_.spec.caches = {{.cache = "a", .manifest = "sha256:1", .unused_for = a},
                               {.cache = "b", .manifest = "sha256:1", .unused_for = b}};
          node_.spec.policy.unused_for = before;
          policy_.spec.eviction.unused_for = after;
          const auto by = [&](const UnusedFor& policy) { return longest(a ? a : policy, b ? b : policy); };
          EXPECT_EQ(Change(100 * kGiB).has_value(), shorter(by(after), by(before)));
        }
      }
    }
  }
}

// Team's own cache has 50 of the 80 GiB.
class LargeTenantEvictionsTest : public LargeEvictionsTest {
 protected:
  LargeTenantEvictionsTest() {
    node_.spec.caches.clear();
    node_.status.caches.clear();
    AddCopy("base", true, 0, 30 * kGiB);
    AddCopy("team/own", true, 9, 50 * kGiB, {"team"});
    namespaces_ = {std::make_shared<const NamespaceFacts>(NamespaceFacts{"team", {{"name", "team"}}})};
    policy_.spec.tenants = {{.namespace_selector = {.match_labels = {{"name", "team"}}}}};
  }
  std::optional<LargeEviction> ChangeQuota(std::optional<uint64_t> quota) {
    policy_.spec.tenants[0].quota_per_node = quota;
    return Change(100 * kGiB);
  }
};

TEST_F(LargeTenantEvictionsTest, AQuotaOfATenantThatEvictsMuchWaitsToo) {
  const LargeEviction waits = ChangeQuota(5 * kGiB).value();
  EXPECT_FALSE(waits.released);
  EXPECT_EQ(waits.what.bytes, 45 * kGiB);
  EXPECT_THAT(waits.what.nodes.at(0).caches, ElementsAre("team/own"));
  EXPECT_EQ(told_tenants_.at(0).quota_per_node, std::nullopt) << "as it was";
}

TEST_F(LargeTenantEvictionsTest, ALowerQuotaThanBeforeWaitsAtTheOldOne) {
  node_.spec.policy.tenants = {{.namespaces = {"team"}, .quota_bytes = 60 * kGiB}};
  EXPECT_TRUE(ChangeQuota(5 * kGiB).has_value());
  EXPECT_EQ(told_tenants_.at(0).quota_per_node, 60 * kGiB);
}

TEST_F(LargeTenantEvictionsTest, ALittleOrMoreThanBeforeDoesNotWait) {
  EXPECT_FALSE(ChangeQuota(20 * kGiB).has_value()) << "30 of 80 GiB";
  EXPECT_EQ(told_tenants_.at(0).quota_per_node, 20 * kGiB);
  node_.spec.policy.tenants = {{.namespaces = {"team"}, .quota_bytes = 1 * kGiB}};
  EXPECT_FALSE(ChangeQuota(2 * kGiB).has_value()) << "it was over the quota before";
  EXPECT_FALSE(ChangeQuota(std::nullopt).has_value());
}

TEST_F(LargeEvictionsTest, ThePolicySaysItAndStopsSayingIt) {
  PolicyObserved observed{.policy = policy_, .nodes = 1, .eviction = Change(30 * kGiB), .now = kNow};
  const CachePolicyStatus waits = ReconcilePolicy(observed).value();
  const Condition* condition = FindCondition(waits.conditions, ConditionType::kLargeEvictionPending);
  EXPECT_EQ(condition->status, ConditionStatus::kTrue);
  EXPECT_EQ(condition->reason, "AwaitingConfirmation");
  EXPECT_THAT(condition->message, HasSubstr("50.0 GiB on 1 node"));
  EXPECT_THAT(condition->message, HasSubstr("ballast.dev/confirm=7"));
  EXPECT_EQ(waits.pending_evictions->nodes.size(), 1U);

  observed.policy.status = waits;
  observed.eviction->released = true;
  const CachePolicyStatus begun = ReconcilePolicy(observed).value();
  EXPECT_EQ(FindCondition(begun.conditions, ConditionType::kLargeEvictionPending)->reason, "AlreadyConfirmed");
  observed.policy.status = begun;
  observed.eviction.reset();
  const CachePolicyStatus over = ReconcilePolicy(observed).value();
  EXPECT_EQ(FindCondition(over.conditions, ConditionType::kLargeEvictionPending)->reason, "NoEvictionPending");
  EXPECT_FALSE(over.pending_evictions.has_value());
}

// A policy says it itself where its thresholds do not hold, and only then.
TEST(PolicyReconcilerTest, ThresholdsThatDoNotHoldEverywhereAreNamed) {
  PolicyObserved observed{.nodes = 2, .too_high = {"n1", "n2"}, .now = kNow};
  observed.policy.status = ReconcilePolicy(observed).value();
  const Condition* shared = FindCondition(observed.policy.status.conditions, ConditionType::kSharesNodeFilesystem);
  ASSERT_NE(shared, nullptr);
  EXPECT_EQ(shared->status, ConditionStatus::kTrue);
  EXPECT_EQ(shared->reason, "ThresholdsTooHigh");
  EXPECT_THAT(shared->message, HasSubstr("2 nodes, among them n1"));
  EXPECT_FALSE(ReconcilePolicy(observed)) << "nothing to write";
  observed.too_high.clear();
  EXPECT_EQ(FindCondition(ReconcilePolicy(observed)->conditions, ConditionType::kSharesNodeFilesystem), nullptr);
}

}  // namespace
}  // namespace ballast::controller
