#include "daemon/rate_limit.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace ballast
