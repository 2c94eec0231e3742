#include "base/small_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/testing/temp_dir.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

class SmallFileTest : public ::testing::Test {
 protected:
  static mode_t ModeOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_mode & 07777;
  }

  const TempDir dir_;
  const std::string file_ = dir_.path() + "/f";
};

TEST_F(SmallFileTest, WhatIsWrittenIsRead) {
  const std::string content(100'000, 'x');
  ASSERT_EQ(ReplaceSmallFile(file_, content), OkStatus());
  EXPECT_EQ(ReadSmallFile(file_, content.size()).value(), content);
  ASSERT_EQ(ReplaceSmallFile(file_, ""), OkStatus());
  EXPECT_EQ(ReadSmallFile(file_, 0).value(), "");
}

TEST_F(SmallFileTest, RefusesWhatIsNoSmallFile) {
  ASSERT_EQ(ReplaceSmallFile(file_, "123"), OkStatus());
  EXPECT_EQ(ReadSmallFile(file_, 2).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadSmallFile("/nowhere/x", 10).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadSmallFile("/dev/zero", 10).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadSmallFile("/proc/self/maps", 10).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadSmallFile(dir_.path(), 10).status().code(), StatusCode::kInvalidArgument);
  ASSERT_EQ(::mkfifo((dir_.path() + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(ReadSmallFile(dir_.path() + "/pipe", 10).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SmallFileTest, FollowsASymbolicLink) {
  ASSERT_EQ(ReplaceSmallFile(file_, "123"), OkStatus());
  fs::create_symlink("f", dir_.path() + "/link");
  EXPECT_EQ(ReadSmallFile(dir_.path() + "/link", 10).value(), "123");
}

TEST_F(SmallFileTest, WhatTheCheckRefusesIsNotRead) {
  ASSERT_EQ(ReplaceSmallFile(file_, "123", 0600), OkStatus());
  const auto only_0644 = [](const struct stat& info) {
    return (info.st_mode & 0777) == 0644 ? OkStatus() : PermissionDenied("not 0644");
  };
  EXPECT_EQ(ReadSmallFile(file_, 10, only_0644).status(), PermissionDenied("not 0644"));
  ASSERT_EQ(ReplaceSmallFile(file_, "123", 0644), OkStatus());
  EXPECT_EQ(ReadSmallFile(file_, 10, only_0644).value(), "123");
}

TEST_F(SmallFileTest, ATemporaryFileThatACrashLeftOpenToOthersIsNotUsed) {
  std::ofstream(file_ + ".tmp") << "left by a crash";
  fs::permissions(file_ + ".tmp", fs::perms::all);
  ASSERT_EQ(ReplaceSmallFile(file_, "secret", 0600), OkStatus());
  EXPECT_EQ(ModeOf(file_), 0600U);
  EXPECT_EQ(ReadSmallFile(file_, 10).value(), "secret");
  EXPECT_FALSE(fs::exists(file_ + ".tmp"));
}

TEST_F(SmallFileTest, CreateRefusesToReplace) {
  ASSERT_EQ(CreateSmallFile(file_, "first"), OkStatus());
  EXPECT_EQ(CreateSmallFile(file_, "second").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadSmallFile(file_, 10).value(), "first");
  EXPECT_FALSE(fs::exists(file_ + ".tmp"));
}

TEST_F(SmallFileTest, AFolderThatIsNotThereIsNamed) {
  const Status status = ReplaceSmallFile(dir_.path() + "/none/f", "x");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), ::testing::HasSubstr(dir_.path() + "/none/f"));
}

// Whoever reads while another writes sees one whole version or another.
TEST_F(SmallFileTest, AReaderNeverSeesHalfAFile) {
  const std::string a(50'000, 'a'), b(60'000, 'b');
  ASSERT_EQ(ReplaceSmallFile(file_, a), OkStatus());
  std::atomic<bool> done = false;
  std::jthread writer([&] {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ReplaceSmallFile(file_, i % 2 == 0 ? b : a), OkStatus());
    done = true;
  });
  while (!done) {
    const std::string seen = ReadSmallFile(file_, 100'000).value();
    ASSERT_TRUE(seen == a || seen == b) << seen.size() << " bytes";
  }
}

TEST_F(SmallFileTest, WhatCannotBeWrittenChangesAndLeavesNothing) {
  ASSERT_EQ(ReplaceSmallFile(file_, "old"), OkStatus());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 10, .rlim_max = before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status failed = ReplaceSmallFile(file_, std::string(100, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(ReadSmallFile(file_, 100).value(), "old");
  EXPECT_FALSE(fs::exists(file_ + ".tmp"));
}

}  // namespace
}  // namespace ballast
