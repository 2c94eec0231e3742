#include "base/backoff.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(BackoffTest, EveryDelayLiesBetweenHalfTheStepAndTheStepUpToTheMaximum) {
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    Backoff backoff({std::chrono::milliseconds(100), std::chrono::milliseconds(1000), 2}, seed);
    int64_t step = 100;
    for (int attempt = 0; attempt < 40; ++attempt) {
      const int64_t delay = backoff.Next().count();
      EXPECT_GE(delay, step / 2);
      EXPECT_LE(delay, step);
      step = std::min<int64_t>(step * 2, 1000);
    }
  }
}

TEST(BackoffTest, ResetStartsOver) {
  Backoff backoff({std::chrono::milliseconds(100), std::chrono::milliseconds(10'000), 2});
  for (int i = 0; i < 5; ++i) (void)backoff.Next();
  EXPECT_EQ(backoff.failures(), 5);
  backoff.Reset();
  EXPECT_LE(backoff.Next().count(), 100);
}

}  // namespace
}  // namespace ballast
