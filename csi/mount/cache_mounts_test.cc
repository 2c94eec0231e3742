#include "csi/mount/cache_mounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "csi/mount/mounter.h"

namespace ballast::driver {
namespace {

using testing::HasSubstr;

std::vector<MountInfo> Table() {
  return ParseMountInfo(
             "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
             "65 27 0:45 / /var/lib/private rw - tmpfs none rw\n")
      .value();
}

TEST(CacheMountsTest, SaysWhereMountsWouldNotBeSeenOutside) {
  EXPECT_EQ(PropagationProblem(Table(), "/var/lib/kubelet/pods"), std::nullopt);
  const auto problem = PropagationProblem(Table(), "/var/lib/private/pods");
  ASSERT_TRUE(problem.has_value());
  EXPECT_THAT(*problem, HasSubstr("mountPropagation: Bidirectional"));
  EXPECT_THAT(*problem, HasSubstr("\"/var/lib/private\""));
}

TEST(TargetPathTest, HasOneSpelling) {
  EXPECT_EQ(*NormalizedTarget("/a//b/./c/"), "/a/b/c");
  EXPECT_EQ(ParentOf("/a/b"), "/a");
  EXPECT_EQ(ParentOf("/a"), "/");
  const std::string longest = "/" + std::string(4094, 'x');
  EXPECT_EQ(*NormalizedTarget(longest), longest);
}

TEST(TargetPathTest, RefusesWhatCouldLeadElsewhere) {
  using std::string_literals::operator""s;
  for (const std::string& bad : {""s, "a/b"s, "/"s, "/."s, "/a/../b"s, "/a\0b"s, "/" + std::string(4095, 'x')}) {
    EXPECT_EQ(NormalizedTarget(bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace ballast::driver
