#include "base/mountinfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using testing::HasSubstr;

constexpr const char* kTable =
    "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n"
    "61 27 254:0 /srv/cache/views/a1/data /var/lib/kubelet/pods/p/volumes/v ro,nosuid,nodev,relatime,idmapped shared:7 "
    "master:2 - "
    "ext4 /dev/vda rw\n"
    "62 27 254:0 /srv/cache/views/b2/data//deleted /t\\040x\\134y ro - ext4 /dev/vda rw\n"
    "63 27 254:0 /srv/cache-two/views/a1/data /two ro - ext4 /dev/vda rw\n"
    "64 27 0:44 /srv/cache/views/a1/data /three ro - tmpfs none rw\n"
    "65 27 0:45 / /var/lib/private rw - tmpfs a\\011b\n";

std::vector<MountInfo> Table() { return ParseMountInfo(kTable).value(); }

using testing::HasSubstr;

TEST(MountInfoTest, ReadsTheKernelsLines) {
  const std::vector<MountInfo> mounts = Table();
  ASSERT_EQ(mounts.size(), 6U);
  EXPECT_EQ(mounts[1], (MountInfo{.id = 61,
                                  .parent_id = 27,
                                  .device = "254:0",
                                  .root = "/srv/cache/views/a1/data",
                                  .mount_point = "/var/lib/kubelet/pods/p/volumes/v",
                                  .options = "ro,nosuid,nodev,relatime,idmapped",
                                  .shared = true,
                                  .fs_type = "ext4",
                                  .source = "/dev/vda"}));
  EXPECT_EQ(mounts[2].mount_point, "/t x\\y");
  EXPECT_EQ(mounts[5].source, "a\tb");
  EXPECT_FALSE(mounts[5].shared);
  EXPECT_TRUE(mounts[1].HasOption("idmapped"));
  EXPECT_FALSE(mounts[1].HasOption("idmap"));
}

TEST(MountInfoTest, QuotesALineThatItCannotRead) {
  for (const char* bad :
       {"x", "1 2 3 4 5", "1 2 0:1 / / rw - ext4", "a 2 0:1 / / rw - ext4 src rw", "1 2 0:1 / / rw ext4 src"}) {
    const auto mounts = ParseMountInfo(bad);
    ASSERT_FALSE(mounts.ok()) << bad;
    EXPECT_THAT(mounts.status().message(), HasSubstr(bad));
  }
  EXPECT_TRUE(ParseMountInfo("")->empty());
}

TEST(MountInfoTest, FindsTheMountThatHoldsAPath) {
  EXPECT_EQ(MountThatHolds(Table(), "/nowhere")->id, 27U);
  EXPECT_EQ(MountThatHolds(Table(), "/var/lib/private/deep")->id, 65U);
  EXPECT_EQ(MountThatHolds(Table(), "/var/lib/privately")->id, 27U);
  EXPECT_EQ(MountThatHolds({}, "/"), nullptr);
}

}  // namespace
}  // namespace ballast
