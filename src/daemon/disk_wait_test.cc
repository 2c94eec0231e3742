#include "daemon/disk_wait.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing/temp_dir.h"

namespace ballast {
namespace {

TEST(DiskWaitTest, AMountPointIsToldFromAFolder) {
  const TempDir folder;
  EXPECT_TRUE(IsMountPoint("/proc"));
  EXPECT_FALSE(IsMountPoint(folder.path()));
  EXPECT_FALSE(IsMountPoint(folder.path() + "/not-there"));
  std::filesystem::create_symlink("/proc", folder.path() + "/link");
  EXPECT_FALSE(IsMountPoint(folder.path() + "/link"));
}

TEST(DiskWaitTest, ItIsToldUntilItWasHeardAndNoLonger) {
  int pauses = 0;
  int told = 0;
  AwaitDisk({.mounted = [&] { return pauses == 5; },
             .tell = [&] { return ++told < 3 ? Unavailable("the apiserver is down") : OkStatus(); },
             .pause = [&] { ++pauses; }});
  EXPECT_EQ(pauses, 5);
  EXPECT_EQ(told, 3);
}

TEST(DiskWaitTest, WhereItIsMountedNobodyIsTold) {
  AwaitDisk({.mounted = [] { return true; },
             .tell = []() -> Status {
               ADD_FAILURE();
               return OkStatus();
             },
             .pause = [] { FAIL(); }});
}

}  // namespace
}  // namespace ballast
