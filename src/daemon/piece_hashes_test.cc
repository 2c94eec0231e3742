#include "daemon/piece_hashes.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/small_file.h"
#include "base/testing/temp_dir.h"
#include "core/piece_map.h"
#include "store/posix_file_system.h"

namespace ballast {
namespace {

class PieceHashBookTest : public ::testing::Test {
 protected:
  PieceHashBookTest() : content_((2 << 20) + 5, 'x') {
    content_[1 << 20] = 'y';
    store_ = Store::Open({.root = dir_.path() + "/cache"}, files_, clock_).value();
    blob_ = store_->blobs().Put(content_).value();
    pieces_ = {Digest::Of(content_.substr(0, 1 << 20)), Digest::Of(content_.substr(1 << 20, 1 << 20)),
               Digest::Of(content_.substr(2 << 20))};
    Restart();
  }
  void Restart() { book_ = PieceHashBook::Open(folder_, store_->blobs()).value(); }
  bool IsKept(const Digest& blob) const { return std::filesystem::exists(folder_ + "/" + blob.Hex()); }

  const TempDir dir_;
  const std::string folder_ = dir_.path() + "/pieces";
  RealClock clock_;
  PosixFileSystem files_;
  std::string content_;
  std::unique_ptr<Store> store_;
  Digest blob_;
  std::vector<Digest> pieces_;
  std::unique_ptr<PieceHashBook> book_;
};

TEST_F(PieceHashBookTest, WhatIsNotKnownIsComputedAndKept) {
  EXPECT_EQ(book_->PieceHashes(blob_, {}).value(), pieces_);
  EXPECT_TRUE(IsKept(blob_));
  Restart();
  EXPECT_EQ(book_->PieceHashes(blob_, {}).value(), pieces_);
}

TEST_F(PieceHashBookTest, WhatADownloadProvedIsNotComputed) {
  const std::vector<Digest> told(3, Digest::Of("told"));
  book_->Keep(blob_, told);
  EXPECT_EQ(book_->PieceHashes(blob_, {}).value(), told);
}

TEST_F(PieceHashBookTest, DamagedHashesAreComputedAnew) {
  book_->Keep(blob_, pieces_);
  std::string bytes = ReadSmallFile(folder_ + "/" + blob_.Hex(), 1 << 20).value();
  bytes[5] ^= 1;
  ASSERT_EQ(ReplaceSmallFile(folder_ + "/" + blob_.Hex(), bytes), OkStatus());
  EXPECT_EQ(book_->PieceHashes(blob_, {}).value(), pieces_);
}

TEST_F(PieceHashBookTest, ABlobOfOnePieceIsItsOwnHash) {
  const Digest small = store_->blobs().Put("small").value();
  EXPECT_EQ(book_->PieceHashes(small, {}).value(), std::vector<Digest>{small});
  EXPECT_FALSE(IsKept(small));
}

TEST_F(PieceHashBookTest, WhatIsNotHereIsNotFoundAndItsHashesGo) {
  const Digest gone = Digest::Of("gone");
  EXPECT_EQ(book_->PieceHashes(gone, {}).status().code(), StatusCode::kNotFound);
  book_->Keep(gone, pieces_);
  ASSERT_TRUE(IsKept(gone));
  Restart();
  EXPECT_FALSE(IsKept(gone));
}

TEST_F(PieceHashBookTest, ComputingEndsWhenItIsToStop) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(book_->PieceHashes(blob_, stop.get_token()).status().code(), StatusCode::kCancelled);
}

TEST(PieceHashFileTest, OnlyWhatWasWrittenIsRead) {
  const std::vector<Digest> pieces = {Digest::Of("a"), Digest::Of("b")};
  const std::string bytes = PieceHashesToBytes(pieces);
  const uint64_t size = (1 << 20) + 1;
  EXPECT_EQ(PieceHashesFromBytes(bytes, size).value(), pieces);
  EXPECT_FALSE(PieceHashesFromBytes(bytes, size + (1 << 20)).ok());
  EXPECT_FALSE(PieceHashesFromBytes("", 0).ok());
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string bad = bytes;
    bad[i] ^= 1;
    EXPECT_FALSE(PieceHashesFromBytes(bad, size).ok());
    EXPECT_FALSE(PieceHashesFromBytes(bytes.substr(0, i), size).ok());
  }
}

}  // namespace
}  // namespace ballast
