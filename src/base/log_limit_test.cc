#include "base/log_limit.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using std::chrono::seconds;
using Verdict = LogLimit::Verdict;
const SteadyTime kStart = SteadyTime(std::chrono::hours(1));

TEST(LogLimitTest, SoManyLinesAMinuteAndTheNextSaysHowManyWereHeldBack) {
  LogLimit limit({.lines = 2, .within = seconds(60)});
  EXPECT_EQ(limit.Ask("a.cc:1", kStart), (Verdict{true, 0}));
  EXPECT_EQ(limit.Ask("a.cc:1", kStart + seconds(59)), (Verdict{true, 0}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.Ask("a.cc:1", kStart + seconds(59)), (Verdict{false, 0}));
  EXPECT_EQ(limit.Ask("a.cc:1", kStart + seconds(60)), (Verdict{true, 3}));
  EXPECT_EQ(limit.Ask("a.cc:1", kStart + seconds(61)), (Verdict{true, 0}));
  EXPECT_EQ(limit.Ask("a.cc:1", kStart + seconds(62)), (Verdict{false, 0}));
}

TEST(LogLimitTest, OnePlaceTakesNothingFromAnother) {
  LogLimit limit({.lines = 1, .within = seconds(60)});
  EXPECT_TRUE(limit.Ask("a.cc:1", kStart).write);
  EXPECT_FALSE(limit.Ask("a.cc:1", kStart).write);
  EXPECT_TRUE(limit.Ask("a.cc:2", kStart).write);
}

TEST(LogLimitTest, AFloodOfADayIsAFewThousandLines) {
  LogLimit limit;
  int written = 0;
  for (SteadyTime now = kStart; now < kStart + std::chrono::hours(24); now += seconds(1)) {
    if (limit.Ask("a.cc:1", now).write) ++written;
  }
  EXPECT_LE(written, 24 * 60 * 5);
}

}  // namespace
}  // namespace ballast
