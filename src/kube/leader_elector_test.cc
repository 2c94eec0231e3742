#include "kube/leader_elector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/testing/fake_clock.h"
#include "kube/testing/fake_kube_client.h"

namespace ballast {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const ObjectName kName{"ballast", "operator"};

TEST(DecideLeaseTest, OnlyWhatWasSeenToStandStillForItsLengthIsTaken) {
  const SteadyTime now(hours(5));
  const auto decide = [&](const char* holder, Duration length, Duration age) {
    return DecideLease(LeaseSighting{holder, length, "7", now - age}, "me", now);
  };
  EXPECT_EQ(DecideLease(std::nullopt, "me", now), LeaseAction::kCreate);
  for (const Duration age : {Duration(0), Duration(seconds(29)), Duration(seconds(30)), Duration(hours(1))}) {
    EXPECT_EQ(decide("me", seconds(30), age), LeaseAction::kRenew);
    EXPECT_EQ(decide("", seconds(30), age), LeaseAction::kAcquire);
    EXPECT_EQ(decide("other", seconds(30), age), age < seconds(30) ? LeaseAction::kWait : LeaseAction::kAcquire);
    EXPECT_EQ(decide("other", seconds(0), age), LeaseAction::kAcquire);
  }
}

TEST(LeaseSightingTest, TheTimesThatOthersWroteDoNotCount) {
  LeaseSighting seen;
  Json lease = WriteLease(nullptr, kName, "other", {}, WallTime(hours(1)));  // 1970
  lease["metadata"]["resourceVersion"] = "7";
  seen.See(lease, SteadyTime(seconds(100)));
  seen.See(lease, SteadyTime(seconds(120)));
  EXPECT_EQ(seen.since, SteadyTime(seconds(100)));
  lease["metadata"]["resourceVersion"] = "8";
  seen.See(lease, SteadyTime(seconds(125)));
  EXPECT_EQ(seen.since, SteadyTime(seconds(125)));
  EXPECT_EQ(seen.duration, Duration(seconds(30)));
}

// Time passes only in the elector's pauses; the test looks on, and acts, after each.
class LeaderElectorTest : public testing::Test {
 protected:
  LeaderElectorTest() {
    client_.Serve({.resource = kLeases, .kind = "Lease"});
    begin_ = clock_.Steady();
  }

  Duration Elapsed() const { return clock_.Steady() - begin_; }
  void Run(const std::function<void()>& after_pause) {
    const auto pause = [this, after_pause](Duration wait, const std::stop_token&) {
      clock_.Advance(std::max<Duration>(wait, std::chrono::milliseconds(1)));
      after_pause();
    };
    elector_ = std::make_unique<LeaderElector>(client_, clock_, ElectionOptions{kName, "me", {}, pause});
    elector_->Run(stop_.get_token(), [this](const std::stop_token& lost) { Work(lost); });
  }
  void Work(const std::stop_token& lost) {
    ++works_;
    if (work_ends_) return;
    Mutex mutex;
    CondVar changed;
    const std::stop_callback wake(lost, [&] {
      MutexLock lock(mutex);
      changed.NotifyAll();
    });
    MutexLock lock(mutex);
    while (!lost.stop_requested()) changed.Wait(mutex);
    lost_at_ = Elapsed();  // time stands still while the elector waits for us
  }
  Json Lease() { return *client_.Get(kLeases, kName, {}); }
  void WriteAs(const std::string& holder) {
    const auto old = client_.Get(kLeases, kName, {});
    const Json lease = WriteLease(old.ok() ? *old : Json(), kName, holder, {}, clock_.Now());
    ASSERT_TRUE((old.ok() ? client_.Update(kLeases, lease, {}) : client_.Create(kLeases, lease, {})).ok());
  }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
  SteadyTime begin_;
  std::stop_source stop_;
  std::unique_ptr<LeaderElector> elector_;
  int works_ = 0;  // read after Run() only, like the next
  Duration lost_at_{0};
  bool work_ends_ = false;
};

TEST_F(LeaderElectorTest, AFreeLeaseIsTakenRenewedEveryTenSecondsAndReleased) {
  Run([&] {
    EXPECT_TRUE(elector_->IsLeader());
    EXPECT_EQ(StringAt(Lease(), "/spec/holderIdentity"), "me");
    if (Elapsed() >= seconds(60)) stop_.request_stop();
  });
  EXPECT_EQ(Elapsed(), Duration(seconds(60)));
  EXPECT_EQ(works_, 1);
  EXPECT_FALSE(elector_->IsLeader());
  EXPECT_EQ(StringAt(Lease(), "/spec/holderIdentity"), "");
  EXPECT_EQ(IntAt(Lease(), "/spec/leaseDurationSeconds"), 1);
  EXPECT_EQ(IntAt(Lease(), "/spec/leaseTransitions"), 1);
  EXPECT_EQ(client_.CountCalls(KubeVerb::kCreate), 1);
  EXPECT_EQ(client_.CountCalls(KubeVerb::kUpdate), 5 + 1) << "five renewals and the release";
}

TEST_F(LeaderElectorTest, ALeaderThatRenewsIsLeftAlone) {
  WriteAs("other");
  Run([&] {
    EXPECT_FALSE(elector_->IsLeader());
    WriteAs("other");
    if (Elapsed() >= seconds(300)) stop_.request_stop();
  });
  EXPECT_EQ(works_, 0);
  EXPECT_EQ(StringAt(Lease(), "/spec/holderIdentity"), "other");
}

TEST_F(LeaderElectorTest, ADeadLeaderIsSucceededThirtySecondsAfterItWasFirstSeenWhateverTheDate) {
  WriteAs("other");
  clock_.SetWall(clock_.Now() + hours(1000));
  Run([&] {
    clock_.SetWall(clock_.Now() - hours(100));
    if (elector_->IsLeader()) stop_.request_stop();
    ASSERT_LE(Elapsed(), Duration(seconds(60)));
  });
  EXPECT_EQ(works_, 1);
  EXPECT_EQ(Elapsed(), Duration(seconds(40))) << "acquired at 30 s, noticed by this test in the pause that follows";
  EXPECT_EQ(IntAt(Lease(), "/spec/leaseTransitions"), 2);
}

TEST_F(LeaderElectorTest, ALeaderThatCannotRenewStopsBeforeOthersMaySucceed) {
  bool cut = false;
  Run([&] {
    if (!std::exchange(cut, true)) client_.FailNext(KubeVerb::kGet, Unavailable("down"), 1000);
    if (Elapsed() > seconds(25)) stop_.request_stop();
  });
  EXPECT_EQ(works_, 1);
  EXPECT_EQ(lost_at_, Duration(seconds(20))) << "renew_deadline after the last write that succeeded";
}

TEST_F(LeaderElectorTest, AnOutageShorterThanTheDeadlineIsSurvived) {
  bool cut = false;
  Run([&] {
    EXPECT_TRUE(elector_->IsLeader());
    if (!std::exchange(cut, true)) client_.FailNext(KubeVerb::kUpdate, DeadlineExceeded("slow"), 3);
    if (Elapsed() >= seconds(100)) stop_.request_stop();
  });
  EXPECT_EQ(works_, 1);
}

TEST_F(LeaderElectorTest, AnAnswerThatIsLostIsNoLostLease) {
  client_.LoseAnswer(KubeVerb::kCreate, DeadlineExceeded("slow"));
  Run([&] {
    if (Elapsed() >= seconds(30)) stop_.request_stop();
  });
  EXPECT_EQ(works_, 1);
}

TEST_F(LeaderElectorTest, ALeaseThatAnotherTookEndsTheWorkAndTheNextTermWaitsForIt) {
  bool taken = false;
  Run([&] {
    if (!std::exchange(taken, true)) WriteAs("other");
    if (Elapsed() >= seconds(60)) stop_.request_stop();
  });
  EXPECT_EQ(works_, 2);
  EXPECT_EQ(IntAt(Lease(), "/spec/leaseTransitions"), 3);
}

TEST_F(LeaderElectorTest, WorkThatEndsByItselfEndsTheTermAndFreesTheLease) {
  work_ends_ = true;
  Run([] {});
  EXPECT_EQ(works_, 1);
  EXPECT_EQ(StringAt(Lease(), "/spec/holderIdentity"), "");
}

}  // namespace
}  // namespace ballast
