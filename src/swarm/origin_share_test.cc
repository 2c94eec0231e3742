#include "swarm/origin_share.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace ballast {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kPiece = 1 << 20;

// An origin whose line brings a piece every 10 ms, to the node that wins it: the winner by `weights`, among those that
// need not wait.
class OriginShareTest : public ::testing::Test {
 protected:
  void Bring(const std::vector<double>& weights, int pieces) {
    const auto nodes = static_cast<uint32_t>(weights.size());
    taken_.resize(nodes);
    for (int i = 0; i < pieces; ++i) {
      std::vector<double> racing = weights;
      for (NodeId node = 0; node < nodes; ++node) {
        if (share_.MustWait(node, nodes, now_)) racing[node] = 0;
      }
      now_ += milliseconds(10);
      if (std::ranges::all_of(racing, [](double weight) { return weight == 0; })) continue;
      const NodeId winner = std::discrete_distribution<NodeId>(racing.begin(), racing.end())(random_);
      ++taken_[winner];
      share_.Note(winner, nodes, kPiece, now_);
    }
  }

  OriginShare share_;
  std::minstd_rand random_{7};
  SteadyTime now_ = SteadyTime() + milliseconds(1);
  std::vector<int> taken_;
};

TEST_F(OriginShareTest, WhoTakesMoreThanTheOthersLetsThemGoFirst) {
  Bring({20, 1, 1, 1, 1, 1, 1, 1}, 800);
  EXPECT_LE(taken_[0], 800 / 8 * 1.7);
  EXPECT_GE(*std::ranges::min_element(taken_), 800 / 8 * 0.6);
}

TEST_F(OriginShareTest, EqualsDoNotWaitForLong) {
  Bring(std::vector<double>(8, 1), 800);
  int all = 0;
  for (const int taken : taken_) all += taken;
  EXPECT_GE(all, 790) << "the line was hardly ever idle";
}

TEST_F(OriginShareTest, NobodyWaitsBeforeThereIsAPaceToKeep) {
  for (int i = 0; i < 10; ++i) share_.Note(0, 8, kPiece, now_ += milliseconds(10));
  EXPECT_FALSE(share_.MustWait(0, 8, now_));
}

// The other one brings a piece a second, whether the first waits or not.
TEST_F(OriginShareTest, AFastNodeDoesNotWaitForASlowOne) {
  int fast = 0;
  int done_at = 10;  // ms: when the fast one's piece is here
  for (int tick = 1; tick <= 20'000; ++tick) {
    now_ += milliseconds(1);
    if (tick % 1000 == 0) share_.Note(1, 2, kPiece, now_);
    if (tick == done_at) share_.Note(0, 2, kPiece, now_), ++fast;
    if (tick >= done_at && !share_.MustWait(0, 2, now_)) done_at = tick + 10;
  }
  EXPECT_GE(fast, 2000 * 0.95);
}

// Small files come first, a hundred a second; then pieces of 16 MiB, eight a second.
TEST_F(OriginShareTest, ABurstOfSmallFilesIsNoMeasureOfTheLine) {
  for (int i = 0; i < 40; ++i) share_.Note(static_cast<NodeId>(i % 4), 4, 1000, now_ += milliseconds(10));
  for (int i = 0; i < 40; ++i) share_.Note(0, 4, 16 * kPiece, now_ += milliseconds(130));
  EXPECT_TRUE(share_.MustWait(0, 4, now_));
  EXPECT_FALSE(share_.MustWait(1, 4, now_));
}

TEST_F(OriginShareTest, WhatWasTakenLongAgoCountsLittle) {
  Bring({1, 0, 0, 0}, 500);
  taken_.assign(4, 0);
  Bring({1, 1, 1, 1}, 400);
  EXPECT_GE(taken_[0], 40);
}

TEST_F(OriginShareTest, VeryManyPiecesAreCountedToo) {
  for (int i = 0; i < 20'000; ++i) share_.Note(static_cast<NodeId>(i % 2), 2, kPiece, now_ += milliseconds(10));
  EXPECT_FALSE(share_.MustWait(0, 2, now_));
  for (int i = 0; i < 40; ++i) share_.Note(0, 2, kPiece, now_ += milliseconds(10));
  EXPECT_TRUE(share_.MustWait(0, 2, now_));
  EXPECT_FALSE(share_.MustWait(1, 2, now_));
}

}  // namespace
}  // namespace ballast
