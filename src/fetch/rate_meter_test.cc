#include "fetch/rate_meter.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using std::chrono::seconds;

TEST(RateMeterTest, TheRateIsThatOfTheLastSeconds) {
  RateMeter meter;
  const SteadyTime start{seconds(100)};
  EXPECT_EQ(meter.BytesPerSecond(), 0U);
  meter.Add(start, 0);
  EXPECT_EQ(meter.BytesPerSecond(), 0U);
  for (int i = 1; i <= 10; ++i) meter.Add(start + seconds(i), static_cast<uint64_t>(i) * 1000);
  EXPECT_EQ(meter.BytesPerSecond(), 1000U);
  for (int i = 11; i <= 20; ++i) meter.Add(start + seconds(i), 10'000);
  EXPECT_EQ(meter.BytesPerSecond(), 0U);
}

}  // namespace
}  // namespace ballast
