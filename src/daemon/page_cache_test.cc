#include "daemon/page_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <string>

#include "base/testing/temp_dir.h"
#include "base/unique_fd.h"

namespace ballast {
namespace {

constexpr uint64_t kSize = (8 << 20) + 1234;

class PageCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    constexpr decltype(statfs::f_type) kTmpfs = 0x01021994;  // whose files are in memory for good
    struct statfs info {};
    ASSERT_EQ(::fstatfs(fd_.get(), &info), 0);
    if (info.f_type == kTmpfs) GTEST_SKIP() << "no page cache to see where temporary files are in memory themselves";
    const std::string content(kSize, 'x');
    ASSERT_EQ(::pwrite(fd_.get(), content.data(), content.size(), 0), static_cast<ssize_t>(content.size()));
    ASSERT_EQ(::fsync(fd_.get()), 0);
  }
  uint64_t InMemory() const { return BytesInMemory(fd_.get(), kSize).value(); }

  TempDir dir_;
  UniqueFd fd_{::open((dir_.path() + "/file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
};

TEST_F(PageCacheTest, WhatIsDroppedIsNotInMemoryAndWhatIsReadIs) {
  EXPECT_EQ(InMemory(), kSize);
  ASSERT_TRUE(DropFromMemory(fd_.get()).ok());
  EXPECT_LT(InMemory(), kSize / 10);
  ASSERT_TRUE(ReadIntoMemory(fd_.get(), 0, kSize).ok());
  EXPECT_EQ(InMemory(), kSize);
}

TEST_F(PageCacheTest, AFileThatIsShorterThanItsSizeIsNotReadOn) {
  EXPECT_EQ(ReadIntoMemory(fd_.get(), 0, kSize + 1).code(), StatusCode::kDataLoss);
}

TEST_F(PageCacheTest, AnEmptyFileIsInMemory) { EXPECT_EQ(BytesInMemory(fd_.get(), 0).value(), 0U); }

}  // namespace
}  // namespace ballast
