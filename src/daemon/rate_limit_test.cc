#include "daemon/rate_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace ballast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
const SteadyTime kStart = SteadyTime(std::chrono::hours(1));

TEST(RateLimitTest, WithoutALimitNobodyWaits) { EXPECT_EQ(RateLimit(0).Take(1ULL << 60, kStart), Duration::zero()); }

TEST(RateLimitTest, ABurstPassesAndThenTheRateHolds) {
  RateLimit limit(1000);
  EXPECT_EQ(limit.Take(250, kStart), Duration::zero());
  EXPECT_EQ(limit.Take(1000, kStart), seconds(1));
  EXPECT_EQ(limit.Take(500, kStart + seconds(1)), milliseconds(500));
}

TEST(RateLimitTest, AnIdleHourSavesNothingUp) {
  RateLimit limit(1000);
  EXPECT_EQ(limit.Take(250, kStart), Duration::zero());
  EXPECT_EQ(limit.Take(1250, kStart + std::chrono::hours(1)), seconds(1));
}

TEST(RateLimitTest, OverALongRunTheMeanIsTheRate) {
  RateLimit limit(1 << 20);
  SteadyTime now = kStart;
  for (int i = 0; i < 1000; ++i) now += limit.Take(64 << 10, now);
  EXPECT_NEAR(std::chrono::duration<double>(now - kStart).count(), 1000 * 64.0 / 1024, 0.3);
}

// One that takes all it may, chunk after chunk, with a little time between them.
struct Taker {
  TransferFrom from = TransferFrom::kOrigin;
  bool demanded = true;
  uint64_t bytes = 0;
  SteadyTime next = kStart;

  void Step(TransferBuckets& buckets, SteadyTime now) {
    if (now < next) return;
    constexpr uint64_t kChunk = 16 << 10;
    const TransferBuckets::Taken taken = buckets.Take(from, kChunk, demanded, now);
    next = now + std::max<Duration>(taken.wait, milliseconds(2));
    if (taken.taken) bytes += kChunk;
  }
  double BytesPerSecond(Duration over) const {
    return static_cast<double>(bytes) / std::chrono::duration<double>(over).count();
  }
};

void Simulate(TransferBuckets& buckets, const std::vector<Taker*>& takers, Duration time) {
  for (SteadyTime now = kStart; now < kStart + time; now += milliseconds(1)) {
    for (Taker* taker : takers) taker->Step(buckets, now);
  }
}

constexpr uint64_t kRate = 1 << 20;

TEST(TransferBucketsTest, WithoutLimitsNobodyWaits) {
  TransferBuckets buckets({});
  for (const bool demanded : {true, false}) {
    const auto taken = buckets.Take(TransferFrom::kPeer, 1ULL << 40, demanded, kStart);
    EXPECT_TRUE(taken.taken);
    EXPECT_EQ(taken.wait, Duration::zero());
  }
}

TEST(TransferBucketsTest, WhatSomebodyWaitsForGoesBeforeAPrewarm) {
  TransferBuckets buckets({.download = kRate});
  Taker demand, prewarm{.demanded = false};
  Simulate(buckets, {&prewarm, &demand}, seconds(20));
  EXPECT_NEAR(demand.BytesPerSecond(seconds(20)), kRate, kRate * 0.05);
  EXPECT_LT(prewarm.bytes, kRate);
}

TEST(TransferBucketsTest, APrewarmAloneGetsTheWholeRate) {
  TransferBuckets buckets({.download = kRate});
  Taker prewarm{.demanded = false};
  Simulate(buckets, {&prewarm}, seconds(20));
  EXPECT_NEAR(prewarm.BytesPerSecond(seconds(20)), kRate, kRate * 0.05);
}

TEST(TransferBucketsTest, APrewarmTakesWhatTheOthersLeave) {
  TransferBuckets buckets({.download = 4 * kRate, .origin = kRate});
  Taker demand, prewarm{.from = TransferFrom::kPeer, .demanded = false};
  Simulate(buckets, {&prewarm, &demand}, seconds(20));
  EXPECT_NEAR(demand.BytesPerSecond(seconds(20)), kRate, kRate * 0.05);
  EXPECT_NEAR(prewarm.BytesPerSecond(seconds(20)), 3 * kRate, kRate * 0.3);
}

TEST(TransferBucketsTest, APrewarmKeepsToItsOwnRateAndTheOthersDoNot) {
  TransferBuckets buckets({.download = 4 * kRate, .prewarm = kRate});
  Taker prewarm{.demanded = false};
  Simulate(buckets, {&prewarm}, seconds(20));
  EXPECT_NEAR(prewarm.BytesPerSecond(seconds(20)), kRate, kRate * 0.05);
  TransferBuckets other({.download = 4 * kRate, .prewarm = kRate});
  Taker demand;
  Simulate(other, {&demand}, seconds(20));
  EXPECT_NEAR(demand.BytesPerSecond(seconds(20)), 4 * kRate, kRate * 0.2);
}

TEST(TransferBucketsTest, WhatSomebodyBeginsToWaitForIsNotHeldUpByThePrewarmsRate) {
  TransferBuckets buckets({.download = 4 * kRate, .prewarm = kRate});
  const auto taken = buckets.Take(TransferFrom::kOrigin, 4 * kRate, false, kStart);
  EXPECT_TRUE(taken.taken);
  EXPECT_EQ(taken.wait, milliseconds(3750));
  EXPECT_EQ(taken.wait_if_wanted, milliseconds(750));
}

TEST(TransferBucketsTest, TheOriginHasALimitOfItsOwn) {
  TransferBuckets buckets({.origin = kRate});
  EXPECT_GT(buckets.Take(TransferFrom::kOrigin, kRate, true, kStart).wait, milliseconds(700));
  EXPECT_EQ(buckets.Take(TransferFrom::kPeer, kRate, true, kStart).wait, Duration::zero());
}

}  // namespace
}  // namespace ballast
