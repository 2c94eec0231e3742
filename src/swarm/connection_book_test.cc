#include "swarm/connection_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace ballast {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

constexpr SteadyTime At(int second) { return SteadyTime(seconds(second)); }
constexpr ConnectionLimits kSmall{.all = 4, .strangers = 2, .per_node = 2};

TEST(ConnectionBookTest, OfTooManyStrangersTheOldestGoes) {
  ConnectionBook book(kSmall);
  EXPECT_EQ(book.Came(1, At(10)), std::nullopt);
  EXPECT_EQ(book.Came(2, At(10)), std::nullopt);
  EXPECT_EQ(book.Came(3, At(10)), 1U);
  book.Gone(1);
  EXPECT_EQ(book.strangers(), 2U);
}

TEST(ConnectionBookTest, TheSilentNeverKeepOutWhoSpeaksNorSpeakersWhoComes) {
  ConnectionBook book({.all = 100, .strangers = 4, .per_node = 4});
  book.Came(1, At(10));
  book.Spoke(1);
  for (const uint64_t id : {2, 3, 4}) EXPECT_EQ(book.Came(id, At(10)), std::nullopt);
  for (const uint64_t id : {5, 6, 7, 8}) {
    EXPECT_EQ(book.Came(id, At(10)), id - 3) << "the oldest that is silent";
    book.Gone(id - 3);
  }
  for (const uint64_t id : {6, 7, 8}) book.Spoke(id);
  EXPECT_EQ(book.Came(9, At(10)), 1U) << "the oldest speaker, where most speak";
}

TEST(ConnectionBookTest, OfTooManyOfOneNodeTheLongestIdleGoes) {
  ConnectionBook book(kSmall);
  for (const uint64_t id : {1, 2, 3}) {
    book.Came(id, At(10));
    const auto victim = book.Known(id, "a");
    book.Idle(id, At(static_cast<int>(10 - id)), At(20));
    EXPECT_EQ(victim, id == 3 ? ConnectionBook::Victim(2) : std::nullopt);
  }
}

TEST(ConnectionBookTest, WhereAllOfANodeAreBusyItsNewcomerGoes) {
  ConnectionBook book(kSmall);
  for (const uint64_t id : {1, 2}) {
    book.Came(id, At(10));
    EXPECT_EQ(book.Known(id, "a"), std::nullopt);
    book.Busy(id);
  }
  book.Came(3, At(10));
  EXPECT_EQ(book.Known(3, "a"), 3U);
}

TEST(ConnectionBookTest, AFullHouseGivesUpAStrangerFirstThenTheLongestIdle) {
  ConnectionBook book({.all = 3, .strangers = 3, .per_node = 3});
  book.Came(1, At(10));
  book.Known(1, "a");
  book.Idle(1, At(1), At(20));
  book.Came(2, At(10));
  book.Came(3, At(10));
  EXPECT_EQ(book.Came(4, At(10)), 2U);
  book.Gone(2);
  for (const uint64_t id : {3, 4}) {
    book.Known(id, "b");
    book.Idle(id, At(2), At(20));
  }
  EXPECT_EQ(book.Came(5, At(10)), 1U);
  book.Gone(1);
  book.Known(5, "c");
  for (const uint64_t id : {3, 4, 5}) book.Busy(id);
  EXPECT_EQ(book.Came(6, At(10)), 6U) << "who is being answered stays";
}

TEST(ConnectionBookTest, DeadlinesHoldButForTheBusy) {
  ConnectionBook book(kSmall);
  book.Came(1, At(10));
  book.Came(2, At(11));
  EXPECT_THAT(book.Expired(At(9)), ElementsAre());
  EXPECT_THAT(book.Expired(At(10)), ElementsAre(1));
  EXPECT_THAT(book.Expired(At(11)), ElementsAre(1, 2));
  book.Busy(1);
  EXPECT_THAT(book.Expired(At(11)), ElementsAre(2));
  book.Idle(1, At(12), At(20));
  book.SetDeadline(1, At(15));
  EXPECT_THAT(book.Expired(At(15)), ElementsAre(1, 2));
}

// Rules over many random lives: no bound is ever passed once a victim has gone; a victim is never busy; it is never a
// known one where its stranger bound was passed; and nothing is left at the end.
class Lives {
 public:
  explicit Lives(unsigned seed) : random_(seed) {}

  void Run() {
    for (int step = 0; step < 500; ++step) {
      Act();
      ASSERT_LE(book_.size(), kLimits.all);
      ASSERT_LE(book_.strangers(), kLimits.strangers);
      for (const char* node : kNodes) ASSERT_LE(book_.OfNode(node), kLimits.per_node);
      ASSERT_EQ(book_.size(), living_.size());
    }
    for (const auto id : living_) book_.Gone(id);
    EXPECT_EQ(book_.size(), 0U);
    EXPECT_EQ(book_.strangers(), 0U);
  }

 private:
  static constexpr ConnectionLimits kLimits{.all = 8, .strangers = 3, .per_node = 4};
  static constexpr const char* kNodes[] = {"a", "b", "c"};

  ConnectionBook::Id Any() { return *std::next(living_.begin(), static_cast<ptrdiff_t>(random_() % living_.size())); }
  void Close(ConnectionBook::Victim victim) {
    if (!victim) return;
    ASSERT_TRUE(living_.contains(*victim));
    ASSERT_FALSE(busy_.contains(*victim));
    living_.erase(*victim);
    known_.erase(*victim);
    book_.Gone(*victim);
  }
  void Act() {
    const auto action = random_() % 6;
    if (action == 0 || living_.empty()) {
      living_.insert(++last_);
      Close(book_.Came(last_, At(1000)));
      return;
    }
    const auto id = Any();
    if (action == 1) {
      known_.insert(id);
      if (!busy_.contains(id)) Close(book_.Known(id, kNodes[random_() % 3]));
    } else if (action == 2 && known_.contains(id)) {
      busy_.insert(id);
      book_.Busy(id);
    } else if (action == 3 && known_.contains(id)) {
      busy_.erase(id);
      book_.Idle(id, At(static_cast<int>(random_() % 100)), At(1000));
    } else if (action == 5) {
      book_.Spoke(id);
    } else if (action == 4) {
      living_.erase(id);
      known_.erase(id);
      busy_.erase(id);
      book_.Gone(id);
    }
  }

  std::minstd_rand random_;
  ConnectionBook book_{kLimits};
  ConnectionBook::Id last_ = 0;
  std::set<ConnectionBook::Id> living_, known_, busy_;
};

TEST(ConnectionBookTest, NoBoundIsPassedInAnyLife) {
  for (unsigned seed = 1; seed <= 200; ++seed) Lives(seed).Run();
}

}  // namespace
}  // namespace ballast
