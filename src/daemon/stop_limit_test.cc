#include "daemon/stop_limit.h"

#include <gtest/gtest.h>

#include <csignal>

namespace ballast {
namespace {

TEST(StopLimitDeathTest, SaysWhyItEndsAndThatNothingIsLost) {
  const auto stop_that_hangs = [] {
    LimitStop(std::chrono::hours(1));
    (void)std::raise(SIGALRM);
  };
  EXPECT_EXIT(stop_that_hangs(), testing::ExitedWithCode(1), "takes too long.*nothing is lost");
}

}  // namespace
}  // namespace ballast
