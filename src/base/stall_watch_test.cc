#include "base/stall_watch.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using namespace std::chrono_literals;
using Verdict = StallWatch::Verdict;

constexpr StallLimits kLimits{.silence = 30s, .window = 60s, .min_bytes_per_second = 1000};

TEST(StallWatchTest, SilenceCountsFromTheLastByte) {
  StallWatch watch(kLimits);
  EXPECT_EQ(watch.Waited(29s, 0), Verdict::kFine);
  EXPECT_EQ(watch.Waited(1s, 1'000'000), Verdict::kFine);
  EXPECT_EQ(watch.Waited(29s, 1'000'000), Verdict::kFine);
  EXPECT_EQ(watch.Waited(1s, 1'000'000), Verdict::kSilent);
}

TEST(StallWatchTest, ACrawlIsNoticedAfterAWindow) {
  StallWatch watch(kLimits);
  for (int i = 1; i < 6; ++i) EXPECT_EQ(watch.Waited(10s, static_cast<uint64_t>(i) * 9000), Verdict::kFine);
  EXPECT_EQ(watch.Waited(10s, 54'000), Verdict::kSlow);
}

TEST(StallWatchTest, EachWindowCountsForItself) {
  StallWatch watch(kLimits);
  for (int i = 1; i <= 6; ++i) EXPECT_EQ(watch.Waited(10s, static_cast<uint64_t>(i) * 1'000'000), Verdict::kFine);
  for (int i = 1; i < 6; ++i) EXPECT_EQ(watch.Waited(10s, 6'000'000U + static_cast<uint64_t>(i)), Verdict::kFine);
  EXPECT_EQ(watch.Waited(10s, 6'000'006), Verdict::kSlow);
}

TEST(StallWatchTest, TimeThatWasNotSpentWaitingIsNobodysFault) {
  StallWatch watch(kLimits);
  for (uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(watch.Waited(0s, i / 100), Verdict::kFine);
}

}  // namespace
}  // namespace ballast
