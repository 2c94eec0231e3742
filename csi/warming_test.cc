#include "csi/warming.h"

#include <gtest/gtest.h>

namespace ballast::driver {
namespace {

using std::chrono::seconds;

constexpr uint64_t kGiB = 1ULL << 30;

TEST(WarmingTest, SaysHowFarAndHowLong) {
  EXPECT_EQ(WarmingText({.model = "hf://org/name@main",
                         .phase = "downloading",
                         .bytes_done = 123 * kGiB / 10,
                         .bytes_total = 286 * kGiB / 10,
                         .bytes_per_second = 11 * kGiB / 10}),
            "model hf://org/name@main is warming: 43 percent (12.3 of 28.6 GiB, 1.1 GiB/s, about 14 s)");
  EXPECT_EQ(WarmingText({.model = "m", .bytes_done = 900, .bytes_total = kGiB}),
            "model m is warming: 0 percent (900 B of 1.0 GiB)");
}

TEST(WarmingTest, SaysWhatItWaitsFor) {
  EXPECT_EQ(WarmingText({.model = "m", .phase = "resolving", .waiting_for = "hub answers 503, next try in 4 s"}),
            "model m is warming: resolving; hub answers 503, next try in 4 s");
  EXPECT_EQ(WarmingText({.model = "m"}), "model m is warming: just begun");
}

TEST(WarmingTest, NeverShowsMoreThanAllOrAnAbsurdGuess) {
  EXPECT_EQ(WarmingText({.model = "m", .bytes_done = 9, .bytes_total = 3, .bytes_per_second = 1}),
            "model m is warming: 100 percent (3 of 3 B)");
  EXPECT_EQ(WarmingText({.model = "m", .bytes_done = 0, .bytes_total = UINT64_MAX, .bytes_per_second = 1}),
            "model m is warming: 0 percent (0 B of 16.0 EiB, 1 B/s)");
}

TEST(WarmingTest, RepliesFiveSecondsBeforeTheDeadline) {
  const SteadyTime now{std::chrono::hours(1)};
  EXPECT_EQ(WaitUntil(now, now + seconds(120)), now + seconds(115));
  EXPECT_EQ(WaitUntil(now, std::nullopt), now + seconds(115));
  EXPECT_EQ(WaitUntil(now, now + seconds(6)), now + seconds(3));
  EXPECT_EQ(WaitUntil(now, now + seconds(10)), now + seconds(5));
}

}  // namespace
}  // namespace ballast::driver
