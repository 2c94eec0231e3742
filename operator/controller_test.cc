#include "operator/controller.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "base/testing/fake_clock.h"

namespace ballast::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ControllerTest, AFailureIsTriedAgainLaterEachTime) {
  FakeClock clock;
  int calls = 0;
  Controller controller("test", clock, [&](const std::string&, const std::stop_token&) -> Result<RequeueAfter> {
    ++calls;
    return Unavailable("down");
  });
  controller.Add("a");
  EXPECT_EQ(controller.Drain(), 1);
  EXPECT_EQ(controller.Drain(), 0);
  clock.Advance(milliseconds(50));
  EXPECT_EQ(controller.Drain(), 1);
  clock.Advance(milliseconds(49));
  EXPECT_EQ(controller.Drain(), 0);
  clock.Advance(milliseconds(51));
  EXPECT_EQ(controller.Drain(), 1);
  EXPECT_EQ(controller.counts().failed, 3U);
  EXPECT_EQ(calls, 3);
}

TEST(ControllerTest, TheServerSaysHowLongToWait) {
  FakeClock clock;
  Controller controller("test", clock, [](const std::string&, const std::stop_token&) -> Result<RequeueAfter> {
    return ResourceExhausted("slow down").WithRetryAfter(seconds(9));
  });
  controller.Add("a");
  controller.Drain();
  clock.Advance(seconds(8));
  EXPECT_EQ(controller.Drain(), 0);
  clock.Advance(seconds(1));
  EXPECT_EQ(controller.Drain(), 1);
}

TEST(ControllerTest, ComesBackWhenItSaidSo) {
  FakeClock clock;
  Controller controller("test", clock, [](const std::string&, const std::stop_token&) -> Result<RequeueAfter> {
    return RequeueAfter(seconds(5));
  });
  controller.Add("a");
  EXPECT_EQ(controller.Drain(), 1);
  EXPECT_EQ(controller.Drain(), 0);
  clock.Advance(seconds(5));
  EXPECT_EQ(controller.Drain(), 1);
}

TEST(ControllerTest, ItsWorkersEndWithTheirStop) {
  const RealClock clock;
  std::atomic<int> calls{0};
  Controller controller("test", clock, [&](const std::string&, const std::stop_token&) -> Result<RequeueAfter> {
    ++calls;
    calls.notify_all();
    return RequeueAfter();
  });
  controller.Add("a");
  std::jthread worker([&](const std::stop_token& stop) { controller.Run(2, stop); });
  calls.wait(0);
  worker.request_stop();
  worker.join();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace ballast::controller
