#include "core/mounted_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

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

TEST(MountedViewTest, FindsTheViewsOfThisCacheOnly) {
  const CacheRoot cache = RootOf(Table()[0], "/srv/cache");
  EXPECT_EQ(cache.path, "/srv/cache");
  EXPECT_EQ(ViewsOf(cache, Table()),
            (std::vector<MountedView>{
                {.target = "/var/lib/kubelet/pods/p/volumes/v", .view = "views/a1/data", .idmapped = true},
                {.target = "/t x\\y", .view = "views/b2/data", .removed = true}}));
}

TEST(MountedViewTest, KnowsACacheThatIsItselfABindMount) {
  const MountInfo bound{.device = "254:0", .root = "/srv/cache", .mount_point = "/cache"};
  EXPECT_EQ(RootOf(bound, "/cache").path, "/srv/cache");
  EXPECT_EQ(RootOf(bound, "/cache/deeper").path, "/srv/cache/deeper");
  const MountInfo own_disk{.device = "254:16", .root = "/", .mount_point = "/cache"};
  EXPECT_EQ(RootOf(own_disk, "/cache").path, "");
  EXPECT_TRUE(ViewOf(RootOf(own_disk, "/cache"), {.device = "254:16", .root = "/views/a/data"}).has_value());
}

}  // namespace
}  // namespace ballast
