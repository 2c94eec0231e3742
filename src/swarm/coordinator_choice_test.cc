#include "swarm/coordinator_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace ballast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

constexpr SteadyTime kStart{seconds(1000)};

struct Chooser {
  explicit Chooser(std::vector<std::string> order, const std::string& self = "self") : choice(self, {}) {
    choice.SetOrder(std::move(order));
  }
  CoordinatorChoice::Call Call(bool starving = false) {
    const auto step = choice.Next(starving, now);
    EXPECT_TRUE(step.call);
    return step.call.value_or(CoordinatorChoice::Call{});
  }
  void Welcome() {
    choice.OnHeard(now);
    choice.OnWelcome();
  }

  CoordinatorChoice choice;
  SteadyTime now = kStart;
};

TEST(CoordinatorChoiceTest, TheFirstInOrderIsCalledAndThenTheNext) {
  Chooser chooser({"a", "b", "self", "c"});
  EXPECT_EQ(chooser.Call().node, "a");
  chooser.choice.OnBroken(chooser.now);
  const auto second = chooser.Call();
  EXPECT_EQ(second.node, "b");
  EXPECT_THAT(second.unreachable, ElementsAre("a"));
  chooser.choice.OnBroken(chooser.now);
  EXPECT_EQ(chooser.Call().node, "self");
}

TEST(CoordinatorChoiceTest, SelfIsCalledAgainWhereNobodyElseIsLeft) {
  Chooser chooser({"self"});
  EXPECT_EQ(chooser.Call().node, "self");
  chooser.choice.OnBroken(chooser.now);
  const auto wait = chooser.choice.Next(false, chooser.now);
  EXPECT_FALSE(wait.call);
  chooser.now = wait.next;
  EXPECT_EQ(chooser.Call().node, "self");
}

TEST(CoordinatorChoiceTest, AfterAWhileANodeThatFailedIsCalledAgain) {
  Chooser chooser({"a", "self"});
  (void)chooser.Call();
  chooser.choice.OnBroken(chooser.now);
  EXPECT_EQ(chooser.Call().node, "self");
  chooser.now += seconds(31);
  chooser.choice.OnBroken(chooser.now);
  EXPECT_EQ(chooser.Call().node, "a");
}

TEST(CoordinatorChoiceTest, ACallWithoutAWordIsGivenUp) {
  Chooser chooser({"a", "self"});
  (void)chooser.Call();
  const auto step = chooser.choice.Next(false, chooser.now);
  EXPECT_EQ(step.next, kStart + seconds(2));
  chooser.now = step.next - milliseconds(1);
  chooser.choice.OnSent(chooser.now);  // a part of the manifest has gone
  chooser.now = step.next;
  EXPECT_FALSE(chooser.choice.Next(false, chooser.now).call);
  chooser.now += seconds(2);
  EXPECT_EQ(chooser.Call().node, "self");
}

TEST(CoordinatorChoiceTest, SilenceIsAskedAboutAndThenCosts) {
  Chooser chooser({"a", "self"});
  (void)chooser.Call();
  chooser.Welcome();
  EXPECT_EQ(chooser.choice.Next(false, chooser.now).next, kStart + seconds(2));
  EXPECT_EQ(chooser.choice.Next(true, chooser.now).next, kStart + milliseconds(500));
  chooser.now += milliseconds(500);
  EXPECT_TRUE(chooser.choice.Next(true, chooser.now).ask);
  chooser.choice.OnAsked(chooser.now);
  chooser.now += milliseconds(1499);
  EXPECT_FALSE(chooser.choice.Next(true, chooser.now).call);
  chooser.now += milliseconds(1);
  EXPECT_EQ(chooser.Call(true).node, "self");
}

TEST(CoordinatorChoiceTest, AnAnswerIsEnoughAndTheNextQuestionComesLater) {
  Chooser chooser({"a", "self"});
  (void)chooser.Call();
  chooser.Welcome();
  for (const auto wait : {milliseconds(500), milliseconds(1000), milliseconds(2000), milliseconds(2000)}) {
    EXPECT_EQ(chooser.choice.Next(true, chooser.now).next, chooser.now + wait);
    chooser.now += wait;
    EXPECT_TRUE(chooser.choice.Next(true, chooser.now).ask);
    chooser.choice.OnAsked(chooser.now);
    chooser.choice.OnHeard(chooser.now);
  }
}

TEST(CoordinatorChoiceTest, ARedirectIsFollowedAndCounted) {
  Chooser chooser({"a", "b", "self"});
  (void)chooser.Call();
  chooser.choice.OnRedirect("b", chooser.now);
  const auto call = chooser.Call();
  EXPECT_EQ(call.node, "b");
  EXPECT_EQ(call.redirects, 1U);
  EXPECT_TRUE(call.unreachable.empty()) << "a is well";
  chooser.Welcome();
  chooser.choice.OnRedirect("a", chooser.now);
  EXPECT_EQ(chooser.Call().redirects, 1U) << "since somebody took it in";
}

TEST(CoordinatorChoiceTest, ARedirectToWhomThisNodeDoesNotSeeIsAnsweredWithThat) {
  Chooser chooser({"a", "self"});
  (void)chooser.Call();
  chooser.choice.OnRedirect("new", chooser.now);
  const auto again = chooser.Call();
  EXPECT_EQ(again.node, "a");
  EXPECT_THAT(again.unreachable, ElementsAre("new"));
  chooser.choice.SetOrder({"new", "a", "self"});
  chooser.choice.OnRedirect("new", chooser.now);
  EXPECT_EQ(chooser.Call().node, "new");
}

TEST(CoordinatorChoiceTest, ARedirectToTheSpeakerItselfIsANewConnectionAndNoFailure) {
  Chooser chooser({"a", "self"});
  (void)chooser.Call();
  chooser.Welcome();
  chooser.choice.OnRedirect("a", chooser.now);
  const auto call = chooser.Call();
  EXPECT_EQ(call.node, "a");
  EXPECT_EQ(call.redirects, 0U);
  EXPECT_TRUE(call.unreachable.empty());
}

TEST(CoordinatorChoiceTest, ACoordinatorStaysWhenOthersComeBeforeItAndIsLeftWhenItGoes) {
  Chooser chooser({"b", "self"});
  (void)chooser.Call();
  chooser.Welcome();
  chooser.choice.SetOrder({"a", "b", "self"});
  EXPECT_FALSE(chooser.choice.Next(false, chooser.now).call);
  chooser.choice.SetOrder({"a", "self"});
  EXPECT_FALSE(chooser.choice.attached());
  EXPECT_EQ(chooser.Call().node, "a");
}

TEST(CoordinatorChoiceTest, WhatTheOldStreamStillSaysBringsItNotBack) {
  Chooser chooser({"b", "self"});
  (void)chooser.Call();
  chooser.Welcome();
  chooser.choice.SetOrder({"self"});
  chooser.Welcome();
  chooser.choice.OnRedirect("self", chooser.now);
  EXPECT_FALSE(chooser.choice.welcome());
  EXPECT_EQ(chooser.Call().node, "self");
}

// Against random events, the rules: only members are called; nobody who failed a moment ago and is named in the same
// breath; and as soon as calls succeed, one is enough.
TEST(CoordinatorChoiceTest, WhateverHappensSomebodyIsCalledInTheEnd) {
  const std::vector<std::string> all{"a", "b", "c", "d", "self"};
  for (uint32_t seed = 1; seed <= 1000; ++seed) {
    std::minstd_rand random(seed);
    Chooser chooser(all);
    std::vector<std::string> order = all;
    for (int step = 0; step < 100; ++step) {
      switch (random() % 7) {
        case 0:
          chooser.choice.OnBroken(chooser.now);
          break;
        case 1:
          chooser.choice.OnRedirect(random() % 4 == 0 ? "stranger" : all[random() % all.size()], chooser.now);
          break;
        case 2:
          chooser.Welcome();
          break;
        case 3:
          chooser.choice.OnAsked(chooser.now);
          break;
        case 4:
          chooser.now += milliseconds(random() % 3000);
          break;
        default:
          order = all;
          std::erase_if(order, [&](const std::string& node) { return node != "self" && random() % 3 == 0; });
          chooser.choice.SetOrder(order);
      }
      const auto next = chooser.choice.Next(random() % 2 == 0, chooser.now);
      EXPECT_GT(next.next, chooser.now) << seed;
      if (!next.call) continue;
      EXPECT_NE(std::find(order.begin(), order.end(), next.call->node), order.end()) << seed;
      EXPECT_EQ(std::count(next.call->unreachable.begin(), next.call->unreachable.end(), next.call->node), 0) << seed;
      EXPECT_TRUE(std::is_sorted(next.call->unreachable.begin(), next.call->unreachable.end()));
    }
    chooser.choice.OnBroken(chooser.now);
    chooser.now += seconds(1);
    (void)chooser.Call();
    chooser.Welcome();
    EXPECT_TRUE(chooser.choice.welcome()) << seed;
  }
}

}  // namespace
}  // namespace ballast
