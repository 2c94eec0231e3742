#include "swarm/source_pace.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kPiece = 1 << 20;
constexpr uint32_t kMost = 6;

class SourcePaceTest : public ::testing::Test {
 protected:
  void Receive(NodeId source, milliseconds took, int pieces, NodeId receiver = 9) {
    for (int i = 0; i < pieces; ++i) pace_.Note(source, receiver, kPiece, took);
  }
  // What receiver 9 is used to.
  void Usual(milliseconds took) {
    for (NodeId source = 1; source < 5; ++source) Receive(source, took, 5);
  }

  SourcePace pace_{kMost};
};

TEST_F(SourcePaceTest, ASourceThatIsSlowerThanOthersIsAskedForFewAtOnce) {
  Usual(milliseconds(100));
  Receive(7, milliseconds(1000), 8);
  EXPECT_EQ(pace_.Limit(7), 1U);
  for (NodeId source = 1; source < 5; ++source) EXPECT_EQ(pace_.Limit(source), kMost);
  EXPECT_EQ(pace_.Limit(8), kMost) << "nothing is known of it";
}

TEST_F(SourcePaceTest, AReceiverThatIsSlowIsNoFaultOfItsSources) {
  Usual(milliseconds(100));
  for (NodeId source = 1; source < 5; ++source) Receive(source, milliseconds(2000), 20, /*receiver=*/3);
  for (NodeId source = 1; source < 5; ++source) EXPECT_EQ(pace_.Limit(source), kMost);
}

TEST_F(SourcePaceTest, PiecesOfAnotherSizeAreNotMeasuredByThese) {
  Usual(milliseconds(10));
  for (NodeId source = 1; source < 5; ++source) pace_.Note(source, 9, 16 * kPiece, milliseconds(640));
  for (NodeId source = 1; source < 5; ++source) EXPECT_EQ(pace_.Limit(source), kMost);
}

TEST_F(SourcePaceTest, ASourceThatKeepsUpAgainIsAskedForMoreAgain) {
  Usual(milliseconds(100));
  pace_.NoteSlow(7);
  EXPECT_EQ(pace_.Limit(7), 1U);
  Receive(7, milliseconds(120), 3);
  EXPECT_GE(pace_.Limit(7), 2U);
  Receive(7, milliseconds(120), 30);
  EXPECT_EQ(pace_.Limit(7), kMost);
}

}  // namespace
}  // namespace ballast
