#include "core/piece_map.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace ballast {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kGiB = 1 << 30;

TEST(PieceSizeTest, DoublesWithTheSizeBetweenOneAndSixteenMiB) {
  const std::pair<uint64_t, uint32_t> cases[] = {{0, kMiB},
                                                 {1, kMiB},
                                                 {512 * kMiB, kMiB},
                                                 {512 * kMiB + 1, 2 * kMiB},
                                                 {kGiB, 2 * kMiB},
                                                 {kGiB + 1, 4 * kMiB},
                                                 {4 * kGiB, 8 * kMiB},
                                                 {4 * kGiB + 1, 16 * kMiB},
                                                 {kMaxFileSize, 16 * kMiB}};
  for (const auto& [size, piece] : cases) EXPECT_EQ(PieceSizeFor(size), piece) << size;
}

TEST(PieceMapTest, AnEmptyFileHasNoPiecesAndIsComplete) {
  const PieceMap map(0, kMiB);
  EXPECT_EQ(map.count(), 0U);
  EXPECT_TRUE(map.complete());
  EXPECT_EQ(map.BytesHere(), 0U);
  EXPECT_EQ(map.FirstMissing(), 0U);
}

TEST(PieceMapTest, TheLastPieceMayBeShort) {
  const PieceMap map(2 * kMiB + 5, kMiB);
  ASSERT_EQ(map.count(), 3U);
  EXPECT_EQ(map.Range(0), (ByteRange{0, kMiB}));
  EXPECT_EQ(map.Range(2), (ByteRange{2 * kMiB, 2 * kMiB + 5}));
}

TEST(PieceMapTest, AddAndRemoveAreIdempotent) {
  PieceMap map(3 * kMiB, kMiB);
  map.Add(1);
  map.Add(1);
  EXPECT_EQ(map.have_count(), 1U);
  map.Remove(1);
  map.Remove(1);
  EXPECT_EQ(map, PieceMap(3 * kMiB, kMiB));
}

TEST(PieceMapTest, TheLargestFileFitsEightMiBOfBits) {
  const PieceMap map(kMaxFileSize, PieceSizeFor(kMaxFileSize));
  EXPECT_EQ(map.count(), 8U * kMiB * 8);
  EXPECT_EQ(map.Range(map.count() - 1).end, kMaxFileSize);
}

TEST(PieceMapDeathTest, APieceBeyondTheEndCrashes) {
  PieceMap map(kMiB, kMiB);
  EXPECT_DEATH(map.Add(1), "piece 1 of 1");
  EXPECT_DEATH(map.Range(7), "piece 7 of 1");
  EXPECT_DEATH(PieceMap(1, 3), "pieces of 3 bytes");
}

// Rules, over many files and orders: the ranges tile the file; what is here is what was added; FirstMissing is the
// least.
TEST(PieceMapTest, AgreesWithASetOfPieces) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    const uint32_t piece_size = 1U << (random() % 6);
    PieceMap map(random() % 200, piece_size);
    uint64_t end = 0;
    for (uint32_t i = 0; i < map.count(); end = map.Range(i++).end) ASSERT_EQ(map.Range(i).begin, end);
    ASSERT_EQ(end, map.file_size());

    std::set<uint32_t> here;
    for (uint32_t step = 0; map.count() > 0 && step < 2 * map.count(); ++step) {
      const uint32_t piece = random() % map.count();
      if (random() % 3 == 0) {
        map.Remove(piece), here.erase(piece);
      } else {
        map.Add(piece), here.insert(piece);
      }
      uint64_t bytes = 0;
      for (const uint32_t i : here) bytes += map.Range(i).size();
      ASSERT_EQ(map.BytesHere(), bytes);
      ASSERT_EQ(map.have_count(), here.size());
      ASSERT_EQ(map.complete(), here.size() == map.count());
      const uint32_t from = random() % (map.count() + 1);
      uint32_t missing = from;
      while (here.contains(missing)) ++missing;
      ASSERT_EQ(map.FirstMissing(from), missing);
    }
  }
}

}  // namespace
}  // namespace ballast
