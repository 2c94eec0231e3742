#include "store/piece_memory.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

namespace ballast {
namespace {

constexpr uint64_t kPage = AlignedBuffer::kAlignment;

PieceBuffer Filled(PieceMemory& memory, size_t size, int value) {
  PieceBuffer buffer = memory.Take(size);
  std::ranges::fill(buffer->span(), static_cast<std::byte>(value));
  return buffer;
}

class PieceMemoryTest : public ::testing::Test {
 protected:
  // What is kept at `offset`, and to where; -1: nothing.
  std::pair<int, size_t> At(const void* file, uint64_t offset) {
    const auto kept = memory_.Find(file, offset);
    return kept ? std::pair(static_cast<int>(kept->bytes[0]), kept->bytes.size()) : std::pair(-1, size_t{0});
  }

  PieceMemory memory_{8 * kPage};
  const int file_ = 0;
  const int other_ = 0;
};

TEST_F(PieceMemoryTest, FindsWhatIsKeptOfAFileFromAnyOffset) {
  memory_.Keep(&file_, 2 * kPage, Filled(memory_, 2 * kPage, 1));
  memory_.Keep(&file_, 4 * kPage, Filled(memory_, 100, 2));
  memory_.Keep(&other_, 0, Filled(memory_, kPage, 3));
  EXPECT_EQ(At(&file_, 2 * kPage), std::pair(1, 2 * kPage));
  EXPECT_EQ(At(&file_, 3 * kPage + 1), std::pair(1, kPage - 1));
  EXPECT_EQ(At(&file_, 4 * kPage + 99), std::pair(2, size_t{1}));
  EXPECT_EQ(At(&other_, 5), std::pair(3, kPage - 5));
  for (const uint64_t offset : {uint64_t{0}, 2 * kPage - 1, 4 * kPage + 100, 9 * kPage}) {
    EXPECT_EQ(At(&file_, offset).first, -1) << offset;
  }
}

TEST_F(PieceMemoryTest, TheOldestGivesWayAndItsMemoryIsUsedAgain) {
  for (int i = 0; i < 8; ++i) memory_.Keep(&file_, i * kPage, Filled(memory_, kPage, i));
  for (int i = 8; i < 20; ++i) {
    memory_.Keep(&file_, i * kPage, Filled(memory_, kPage, i));
    EXPECT_EQ(At(&file_, (i - 8) * kPage).first, -1);
    EXPECT_EQ(At(&file_, (i - 7) * kPage).first, i - 7);
    EXPECT_LE(memory_.bytes(), 9 * kPage);
  }
}

TEST_F(PieceMemoryTest, WhatIsHeldStaysAsItIs) {
  memory_.Keep(&file_, 0, Filled(memory_, kPage, 7));
  const auto held = memory_.Find(&file_, 0);
  for (int i = 1; i < 20; ++i) memory_.Keep(&file_, i * kPage, Filled(memory_, kPage, 0));
  EXPECT_EQ(held->bytes.back(), std::byte{7});
}

TEST_F(PieceMemoryTest, WhatNobodyUsesIsAQuarterAtMostAndIsGivenBack) {
  std::vector<PieceBuffer> used;
  for (int i = 0; i < 12; ++i) used.push_back(memory_.Take(kPage));
  EXPECT_EQ(memory_.bytes(), 12 * kPage);
  used.clear();
  EXPECT_EQ(memory_.bytes(), 2 * kPage);
  memory_.ReleaseIdle();
  EXPECT_EQ(memory_.bytes(), 0U);
}

TEST_F(PieceMemoryTest, ALargeBufferIsNotTakenForAFewBytes) {
  PieceMemory memory(64 * kPage);
  memory.Take(8 * kPage).reset();
  EXPECT_EQ(memory.Take(kPage)->capacity(), kPage);
  EXPECT_EQ(memory.Take(5 * kPage)->capacity(), 8 * kPage);
}

TEST_F(PieceMemoryTest, WhatIsInUseTakesNoRoomFromWhatIsKept) {
  std::vector<PieceBuffer> used;
  for (int i = 0; i < 20; ++i) used.push_back(memory_.Take(kPage));
  for (int i = 0; i < 8; ++i) memory_.Keep(&file_, i * kPage, Filled(memory_, kPage, i));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(At(&file_, i * kPage).first, i);
}

TEST_F(PieceMemoryTest, ForgetsRangesAndWhatIsKeptAnew) {
  memory_.Keep(&file_, 0, Filled(memory_, 2 * kPage, 1));
  memory_.Keep(&file_, 2 * kPage, Filled(memory_, kPage, 2));
  memory_.Keep(&other_, 0, Filled(memory_, kPage, 3));
  memory_.Keep(&file_, kPage, Filled(memory_, kPage, 4));  // over the end of the first
  EXPECT_EQ(At(&file_, 0).first, -1);
  EXPECT_EQ(At(&file_, kPage).first, 4);
  memory_.Forget(&file_, {2 * kPage, 3 * kPage});
  EXPECT_EQ(At(&file_, 2 * kPage).first, -1);
  EXPECT_EQ(At(&file_, kPage).first, 4);
  memory_.Forget(&file_);
  EXPECT_EQ(At(&file_, kPage).first, -1);
  EXPECT_EQ(At(&other_, 0).first, 3);
}

TEST_F(PieceMemoryTest, ABufferOutlivesTheMemoryItCameFrom) {
  auto memory = std::make_unique<PieceMemory>(kPage);
  const PieceBuffer held = Filled(*memory, kPage, 5);
  memory->Keep(&file_, 0, held);
  memory.reset();
  EXPECT_EQ(held->span()[9], std::byte{5});
}

TEST_F(PieceMemoryTest, ThreadsFindWhatWasKeptOrNothing) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      std::minstd_rand random(static_cast<uint32_t>(t));
      for (int i = 0; i < 2000; ++i) {
        const uint64_t piece = random() % 32;
        if (random() % 2 == 0) {
          memory_.Keep(&file_, piece * kPage, Filled(memory_, kPage, static_cast<int>(piece)));
        } else if (const auto kept = memory_.Find(&file_, piece * kPage)) {
          ASSERT_EQ(kept->bytes[17], static_cast<std::byte>(piece));
          ASSERT_EQ(kept->bytes.back(), static_cast<std::byte>(piece));
        }
      }
    });
  }
}

}  // namespace
}  // namespace ballast
