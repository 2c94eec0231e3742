#include "base/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace ballast {
namespace {

TEST(WorkerPoolTest, RunsEveryTask) {
  WorkerPool pool("test", 3);
  std::atomic<int> sum = 0;
  std::latch done(100);
  for (int i = 1; i <= 100; ++i) {
    ASSERT_TRUE(pool.Submit([&, i](std::stop_token) {
      sum += i;
      done.count_down();
    }));
  }
  done.wait();
  EXPECT_EQ(sum, 5050);
}

TEST(WorkerPoolTest, StopAsksRunningTasksAndDropsWaitingOnes) {
  WorkerPool pool("test", 1);
  std::atomic<int> ran = 0;
  std::latch started(1);
  ASSERT_TRUE(pool.Submit([&](std::stop_token stop) {
    ++ran;
    started.count_down();
    while (!stop.stop_requested()) std::this_thread::yield();
  }));
  ASSERT_TRUE(pool.Submit([&](std::stop_token) { ++ran; }));
  started.wait();
  pool.Stop();
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(pool.Submit([](std::stop_token) {}));
}

}  // namespace
}  // namespace ballast
