// What every Membership must do, as tests: INSTANTIATE_TEST_SUITE_P(MyMembership, MembershipConformanceTest,
// Values(&MakeMine)). To be included by one file of a program.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "swarm/membership.h"
#include "swarm/testing/members.h"

namespace ballast {

// Nodes of a test have numbers from 1 to 250. This node is number 1, and at the start the only one.
struct MembershipUnderTest {
  virtual ~MembershipUnderTest() = default;
  virtual Membership& membership() = 0;
  virtual std::string NameOf(unsigned number) const = 0;
  // Makes the members those of these numbers, in this order; 1 is among them. Returns when that is published.
  virtual void Become(const std::vector<unsigned>& numbers) = 0;
};

using MakeMembershipUnderTest = std::unique_ptr<MembershipUnderTest> (*)();

class MembershipConformanceTest : public testing::TestWithParam<MakeMembershipUnderTest> {
 protected:
  std::vector<std::string> Names(const std::vector<unsigned>& numbers) const {
    std::vector<std::string> names;
    names.reserve(numbers.size());
    for (const unsigned number : numbers) names.push_back(under_test_->NameOf(number));
    std::sort(names.begin(), names.end());
    return names;
  }

  std::unique_ptr<MembershipUnderTest> under_test_ = GetParam()();
  Membership& membership_ = under_test_->membership();
};

TEST_P(MembershipConformanceTest, SelfIsKnownAndAMemberFromTheStart) {
  EXPECT_EQ(membership_.self(), under_test_->NameOf(1));
  EXPECT_EQ(NamesOf(*membership_.Current()), Names({1}));
}

TEST_P(MembershipConformanceTest, CurrentFollowsAndASnapshotStaysAsItWas) {
  under_test_->Become({3, 1, 2});
  const MemberListPtr before = membership_.Current();
  EXPECT_EQ(NamesOf(*before), Names({1, 2, 3}));
  under_test_->Become({1, 4});
  EXPECT_EQ(NamesOf(*membership_.Current()), Names({1, 4}));
  EXPECT_EQ(NamesOf(*before), Names({1, 2, 3}));
}

TEST_P(MembershipConformanceTest, AWatchHearsTheCurrentListAndEveryOneAfter) {
  under_test_->Become({1, 2});
  std::vector<std::vector<std::string>> heard;
  const auto watch = membership_.Watch([&](const MemberListPtr& list) {
    heard.push_back(NamesOf(*list));
    EXPECT_EQ(*membership_.Current(), *list);
  });
  EXPECT_THAT(heard, testing::ElementsAre(Names({1, 2})));
  under_test_->Become({1});
  under_test_->Become({1, 3, 4});
  EXPECT_THAT(heard, testing::ElementsAre(Names({1, 2}), Names({1}), Names({1, 3, 4})));
}

TEST_P(MembershipConformanceTest, AWatchDoesNotHearOfWhatIsNoChange) {
  under_test_->Become({1, 2, 3});
  int heard = 0;
  const auto watch = membership_.Watch([&](const MemberListPtr&) { ++heard; });
  under_test_->Become({3, 2, 1});
  EXPECT_EQ(heard, 1);
}

TEST_P(MembershipConformanceTest, AWatchThatEndedHearsNothingAndTheOthersGoOn) {
  int heard = 0;
  int other = 0;
  const auto stays = membership_.Watch([&](const MemberListPtr&) { ++other; });
  {
    const auto watch = membership_.Watch([&](const MemberListPtr&) { ++heard; });
    under_test_->Become({1, 2});
  }
  under_test_->Become({1});
  EXPECT_EQ(heard, 2);
  EXPECT_EQ(other, 3);
}

TEST_P(MembershipConformanceTest, AMovedWatchEndsOnce) {
  int heard = 0;
  {
    auto watch = membership_.Watch([&](const MemberListPtr&) { ++heard; });
    const MembershipWatch moved(std::move(watch));
    under_test_->Become({1, 2});
  }
  under_test_->Become({1});
  EXPECT_EQ(heard, 2);
}

// Readers and watches that come and go while the list changes; the sanitizers look on.
TEST_P(MembershipConformanceTest, IsThreadSafe) {
  constexpr unsigned kChanges = 200;
  std::atomic<bool> done{false};
  std::atomic<int> bad{0};
  const auto look = [&] {
    do {
      std::atomic<int> heard{0};
      const auto watch = membership_.Watch([&](const MemberListPtr& list) {
        ++heard;
        if (list->Find(membership_.self()) == nullptr) ++bad;
      });
      if (membership_.Current()->Find(membership_.self()) == nullptr || heard == 0) ++bad;
    } while (!done);
  };
  {
    const std::jthread one(look);
    const std::jthread two(look);
    for (unsigned i = 0; i < kChanges; ++i) under_test_->Become({1, 2 + i % 200});
    done = true;
  }
  EXPECT_EQ(bad, 0);
  EXPECT_EQ(NamesOf(*membership_.Current()), Names({1, 2 + (kChanges - 1) % 200}));
}

}  // namespace ballast
