#include "base/disk_error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace ballast {
namespace {

TEST(DiskErrorTest, AFullDiskSaysHowMuchIsFree) {
  EXPECT_EQ(DiskAdvice(ENOSPC, {.bytes = 3072, .inodes = 5, .inodes_total = 10}),
            "; 3.0 KiB are free there: make room on the disk");
  EXPECT_EQ(DiskAdvice(ENOSPC, {.bytes = 0}), "; 0 B are free there: make room on the disk") << "no fixed inodes";
}

TEST(DiskErrorTest, ADiskWithoutInodesSaysSo) {
  EXPECT_EQ(
      DiskAdvice(ENOSPC, {.bytes = 3072, .inodes = 0, .inodes_total = 64}),
      "; all 64 inodes of its file system are in use (3.0 KiB are free): remove files there, or make it anew with "
      "more (mkfs -N)");
}

TEST(DiskErrorTest, EachErrorOfADiskHasARemedyAndOthersSpeakForThemselves) {
  for (const int error : {ENOSPC, EDQUOT, EROFS, EIO}) EXPECT_NE(DiskAdvice(error, {}), "") << error;
  for (const int error : {ENOENT, EEXIST, EACCES, ELOOP}) EXPECT_EQ(DiskAdvice(error, {}), "") << error;
}

TEST(DiskErrorTest, KeepsTheCodeAndNamesThePath) {
  EXPECT_EQ(DiskError(ENOENT, "open", "/no/such"), NotFound("open /no/such: No such file or directory"));
  const Status full = DiskError(ENOSPC, "write", "/dev/null");
  EXPECT_EQ(full.code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(full.message().starts_with("write /dev/null: No space left on device; ")) << full;
  EXPECT_EQ(DiskError(EROFS, "open", "x").code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace ballast
