#include "base/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

namespace ballast {
namespace {

TEST(GateTest, ClosedGateLetsNobodyIn) {
  Gate gate;
  gate.Close();
  EXPECT_FALSE(gate.Enter());
}

TEST(GateTest, CloseWaitsUntilTheLastHasLeft) {
  Gate gate;
  std::optional<Gate::Pass> pass(gate.Enter());
  ASSERT_TRUE(*pass);
  std::atomic<bool> left = false;
  std::jthread closer([&] {
    gate.Close();
    EXPECT_TRUE(left);
  });
  while (gate.Enter()) std::this_thread::yield();  // until the closer has closed it
  left = true;
  pass.reset();
}

}  // namespace
}  // namespace ballast
