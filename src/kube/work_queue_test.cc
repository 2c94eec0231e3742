#include "kube/work_queue.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/testing/fake_clock.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class WorkQueueTest : public testing::Test {
 protected:
  std::string Next() { return queue_.TryGet().value_or("none"); }
  // How long the key's next failure delays it, to the millisecond.
  milliseconds DelayOfFailure(const std::string& key) {
    queue_.AddRateLimited(key);
    milliseconds waited{0};
    while (Next() != key) {
      clock_.Advance(milliseconds(1));
      ++waited;
    }
    queue_.Done(key);
    return waited;
  }

  FakeClock clock_;
  WorkQueue queue_{clock_, {milliseconds(100), milliseconds(1000), 2}};
};

TEST_F(WorkQueueTest, KeysComeInTheirOrderAndOnce) {
  for (const char* key : {"a", "b", "a"}) queue_.Add(key);
  EXPECT_EQ(queue_.depth(), 2U);
  EXPECT_EQ(Next(), "a");
  EXPECT_EQ(Next(), "b");
  EXPECT_EQ(Next(), "none");
}

TEST_F(WorkQueueTest, AKeyThatIsWorkedOnIsHandedOutOnceMoreWhenItIsDone) {
  queue_.Add("a");
  EXPECT_EQ(Next(), "a");
  queue_.Add("a");
  queue_.Add("a");
  EXPECT_EQ(Next(), "none");
  queue_.Done("a");
  EXPECT_EQ(Next(), "a");
  queue_.Done("a");
  EXPECT_EQ(Next(), "none");
}

TEST_F(WorkQueueTest, ADelayedKeyComesWhenItIsDueAndTheEarliestDelayWins) {
  queue_.AddAfter("a", seconds(5));
  queue_.AddAfter("b", seconds(9));
  queue_.AddAfter("b", seconds(3));
  queue_.AddAfter("b", seconds(7));
  EXPECT_EQ(Next(), "none");
  clock_.Advance(seconds(5));
  EXPECT_EQ(Next(), "b");
  EXPECT_EQ(Next(), "a");
  clock_.Advance(seconds(60));
  queue_.Done("b");
  EXPECT_EQ(Next(), "none");
}

TEST_F(WorkQueueTest, ADelayThatEndsWhileTheKeyIsWorkedOnIsNotLost) {
  queue_.Add("a");
  EXPECT_EQ(Next(), "a");
  queue_.AddAfter("a", seconds(1));
  clock_.Advance(seconds(2));
  EXPECT_EQ(Next(), "none");
  queue_.Done("a");
  EXPECT_EQ(Next(), "a");
}

TEST_F(WorkQueueTest, EachFailureInARowWaitsLongerUpToALimit) {
  for (const int step : {100, 200, 400, 800, 1000, 1000}) {
    const milliseconds delay = DelayOfFailure("a");
    EXPECT_GE(delay, milliseconds(step / 2)) << step;
    EXPECT_LE(delay, milliseconds(step)) << step;
  }
  EXPECT_LE(DelayOfFailure("b"), milliseconds(100)) << "another key has failures of its own";
  queue_.Forget("a");
  EXPECT_LE(DelayOfFailure("a"), milliseconds(100));
}

TEST_F(WorkQueueTest, AServerThatAsksForPatienceGetsIt) {
  queue_.AddRateLimited("a", seconds(30));
  clock_.Advance(seconds(29));
  EXPECT_EQ(Next(), "none");
  clock_.Advance(seconds(1));
  EXPECT_EQ(Next(), "a");
}

TEST_F(WorkQueueTest, AWaitingWorkerGetsWhatIsAdded) {
  std::string got;
  std::jthread worker([&](const std::stop_token& stop) { got = queue_.Get(stop).value_or("none"); });
  queue_.Add("a");
  worker.join();
  EXPECT_EQ(got, "a");
}

TEST_F(WorkQueueTest, AStopAndAShutDownEndTheWait) {
  std::jthread stopped([&](const std::stop_token& stop) { EXPECT_EQ(queue_.Get(stop), std::nullopt); });
  stopped.request_stop();
  stopped.join();
  std::jthread shut([&] { EXPECT_EQ(queue_.Get({}), std::nullopt); });
  queue_.ShutDown();
  shut.join();
  queue_.Add("a");
  EXPECT_EQ(Next(), "none");
}

}  // namespace
}  // namespace ballast
