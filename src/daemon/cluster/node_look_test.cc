#include "daemon/cluster/node_look.h"

#include <gtest/gtest.h>

#include "base/small_file.h"
#include "base/testing/temp_dir.h"

namespace ballast {
namespace {

// /proc and /sys stand for file systems of others.
TEST(SharesNodeFilesystemTest, TheKubeletsFileOrTheContainersRootIsOnIt) {
  const TempDir cache;
  const TempDir other;
  const std::string kubelets = other.path() + "/hosts";
  ASSERT_TRUE(ReplaceSmallFile(kubelets, "").ok());
  EXPECT_TRUE(SharesNodeFilesystem(cache.path(), {.kubelets = kubelets, .runtimes = "/proc"}));
  EXPECT_TRUE(SharesNodeFilesystem(cache.path(), {.kubelets = "/proc/version", .runtimes = other.path()}));
  EXPECT_FALSE(SharesNodeFilesystem(cache.path(), {.kubelets = "/proc/version", .runtimes = "/proc"}));
  EXPECT_FALSE(SharesNodeFilesystem(cache.path(), {.kubelets = "/proc/none", .runtimes = "/nowhere"}));
}

}  // namespace
}  // namespace ballast
