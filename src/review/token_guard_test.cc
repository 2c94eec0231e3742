#include "review/token_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>

#include "base/strings.h"
#include "base/testing/fake_clock.h"

namespace ballast {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Reviews as a test says, and may be made to hang.
class Reviewer {
 public:
  TokenGuard::Review AsReview() {
    return [this](const std::string& token, const std::stop_token& stop) { return Judge(token, stop); };
  }
  void Say(const std::string& token, Status verdict) {
    MutexLock lock(mutex_);
    verdicts_[token] = std::move(verdict);
  }
  void Hang() {
    MutexLock lock(mutex_);
    hangs_ = true;
  }
  void GoOn() {
    MutexLock lock(mutex_);
    hangs_ = false;
    changed_.NotifyAll();
  }
  // Waits until so many have begun.
  void Await(size_t count) {
    MutexLock lock(mutex_);
    while (asked_.size() < count) changed_.Wait(mutex_);
  }
  std::vector<std::string> asked() {
    MutexLock lock(mutex_);
    return asked_;
  }

 private:
  Status Judge(const std::string& token, const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
      MutexLock lock(mutex_);
      changed_.NotifyAll();
    });
    MutexLock lock(mutex_);
    asked_.push_back(token);
    changed_.NotifyAll();
    while (hangs_ && !stop.stop_requested()) changed_.Wait(mutex_);
    if (stop.stop_requested()) return Cancelled("stopped");
    const auto found = verdicts_.find(token);
    return found == verdicts_.end() ? Unauthenticated("unknown") : found->second;
  }

  Mutex mutex_;
  CondVar changed_;
  std::map<std::string, Status> verdicts_ GUARDED_BY(mutex_);
  std::vector<std::string> asked_ GUARDED_BY(mutex_);
  bool hangs_ GUARDED_BY(mutex_) = false;
};

class TokenGuardTest : public ::testing::Test {
 protected:
  std::future<Status> Begin(const std::vector<std::string>& authorization) {
    auto promise = std::make_shared<std::promise<Status>>();
    guard_->Ask(authorization, [promise](const Status& verdict) { promise->set_value(verdict); });
    return promise->get_future();
  }
  Status Ask(const std::string& token) { return Begin({"Bearer " + token}).get(); }

  FakeClock clock_;
  Reviewer reviewer_;
  std::unique_ptr<TokenGuard> guard_ =
      std::make_unique<TokenGuard>(reviewer_.AsReview(), clock_, TokenGuardLimits{.at_once = 2});
};

TEST_F(TokenGuardTest, WhatIsNoTokenIsReviewedByNobody) {
  for (const auto& shown : std::vector<std::vector<std::string>>{
           {}, {""}, {"Bearer "}, {"Basic YTpi"}, {"Bearer a b"}, {"Bearer a", "Bearer a"}})
    EXPECT_EQ(Begin(shown).get().code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(reviewer_.asked(), IsEmpty());
}

TEST_F(TokenGuardTest, AScrapeEveryThirtySecondsCostsAReviewAMinute) {
  reviewer_.Say("good", OkStatus());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Ask("good"), OkStatus());
    clock_.Advance(seconds(30));
  }
  EXPECT_EQ(reviewer_.asked().size(), 10U);
}

TEST_F(TokenGuardTest, ARightThatIsTakenAwayEndsWithinAMinuteAndOneThatIsGivenCountsInSeconds) {
  reviewer_.Say("a", OkStatus());
  EXPECT_EQ(Ask("a"), OkStatus());
  reviewer_.Say("a", PermissionDenied("no"));
  clock_.Advance(seconds(59));
  EXPECT_EQ(Ask("a"), OkStatus());
  clock_.Advance(seconds(1));
  EXPECT_EQ(Ask("a"), PermissionDenied("no"));
  reviewer_.Say("a", OkStatus());
  EXPECT_EQ(Ask("a"), PermissionDenied("no"));
  clock_.Advance(seconds(10));
  EXPECT_EQ(Ask("a"), OkStatus());
}

TEST_F(TokenGuardTest, AnApiserverThatDoesNotAnswerIsAskedAgain) {
  reviewer_.Say("a", Unavailable("away"));
  EXPECT_EQ(Ask("a"), Unavailable("away"));
  reviewer_.Say("a", OkStatus());
  EXPECT_EQ(Ask("a"), OkStatus());
}

TEST_F(TokenGuardTest, WhoComesBeyondTheReviewsThatMayRunIsToldToComeBackAndKnownTokensAreNot) {
  reviewer_.Say("known", OkStatus());
  EXPECT_EQ(Ask("known"), OkStatus());
  reviewer_.Hang();
  auto first = Begin({"Bearer a"});
  auto second = Begin({"Bearer b"});
  reviewer_.Await(3);
  EXPECT_EQ(Ask("c").code(), StatusCode::kUnavailable);
  EXPECT_EQ(Ask("known"), OkStatus());
  reviewer_.GoOn();
  EXPECT_EQ(first.get().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(second.get().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(Ask("c").code(), StatusCode::kUnauthenticated) << "now there is room";
}

TEST_F(TokenGuardTest, ItsEndEndsReviews) {
  reviewer_.Hang();
  auto waits = Begin({"Bearer a"});
  reviewer_.Await(1);
  guard_.reset();
  EXPECT_EQ(waits.get().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace ballast
