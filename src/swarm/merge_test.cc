#include "swarm/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using testing::ElementsAre;

Assignment FromNode7(uint32_t piece) { return {.first = {0, piece}, .count = 1, .source = 7, .hash = {}}; }

TEST(MergeTest, OfTwoNextsTheNewerWishCountsAndNoReportIsLost) {
  Next older{.peer_slots = 3, .windows = {{0, 1}}};
  older.received.push_back({{0, 1}, 7, {}});
  older.failed.push_back({{0, 2}, 1, 7, FailureReason::kSlow});
  older.proven = {1};
  older.unproven = {2};
  older.hedges.push_back({{0, 3}, 7});
  Next newer{.peer_slots = 1, .windows = {{0, 9}}};
  newer.received.push_back({{0, 5}, 8, {}});
  newer.proven = {3};
  const Next both = Merged(older, newer);
  EXPECT_EQ(both.peer_slots, 1U);
  ASSERT_EQ(both.windows.size(), 1U);
  EXPECT_EQ(both.windows[0].begin, 9U);
  EXPECT_TRUE(both.hedges.empty());
  ASSERT_EQ(both.received.size(), 2U);
  EXPECT_EQ(both.received[0].piece.piece, 1U);
  EXPECT_EQ(both.failed.size(), 1U);
  EXPECT_THAT(both.proven, ElementsAre(1, 3));
  EXPECT_THAT(both.unproven, ElementsAre(2));
}

TEST(MergeTest, WhatANewerReplyWithdrawsIsNotAssignedByTheOlderButByTheNewer) {
  const Reply older{.assignments = {FromNode7(1), FromNode7(2), {.first = {0, 1}, .count = 4}}, .withdrawn = {}};
  const Reply newer{.assignments = {FromNode7(1)}, .withdrawn = {{0, 1}, {0, 2}}};
  const Reply both = Merged(older, newer);
  ASSERT_EQ(both.assignments.size(), 2U);
  EXPECT_EQ(both.assignments[0].source, kOrigin) << "the origin's bytes are as good as ever";
  EXPECT_EQ(both.assignments[1].source, 7U);
  EXPECT_EQ(both.withdrawn.size(), 2U);
}

TEST(MergeTest, RepliesThatWaitBecomeOneAndOthersKeepTheirPlace) {
  std::deque<FromCoordinator> waiting;
  Append({.seen = 1, .message = Reply{.announce = true}}, waiting);
  Append({.seen = 3, .message = Reply{.assignments = {FromNode7(1)}}}, waiting);
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].seen, 3U);
  EXPECT_TRUE(std::get<Reply>(waiting[0].message).announce);
  Append({.seen = 3, .message = Redirect{"node-2"}}, waiting);
  Append({.seen = 4, .message = Reply{}}, waiting);
  EXPECT_EQ(waiting.size(), 3U);
}

}  // namespace
}  // namespace ballast
