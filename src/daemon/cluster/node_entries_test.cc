#include "daemon/cluster/node_entries.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(NodeEntriesTest, OnlyPinnedEntriesAreWantedAndNonsenseIsLeftOut) {
  const std::string manifest = Digest::Of("m").ToString();
  CacheNodeSpec spec;
  spec.caches = {{.cache = "a", .manifest = manifest, .source = "hf://org/a@main", .pinned = true},
                 {.cache = "b", .manifest = manifest, .source = "hf://org/b@main"},
                 {.cache = "c", .manifest = manifest, .source = "ftp://org/c", .pinned = true}};
  const auto wanted = WantedOf(spec);
  ASSERT_EQ(wanted.size(), 1U);
  EXPECT_EQ(wanted[0].cache, "a");
  EXPECT_EQ(wanted[0].request.manifest->ToString(), manifest);
}

TEST(NodeEntriesTest, TheStricterLimitCounts) {
  NodePolicy policy{.quota_bytes = 10, .min_available_bytes = 5, .upload = 3, .origin = 7};
  EXPECT_EQ(RoomOf({.quota_bytes = 0, .min_available = 9}, policy), (RoomLimits{10, 9}));
  EXPECT_EQ(RoomOf({.quota_bytes = 8, .min_available = 1}, policy), (RoomLimits{8, 5}));
  EXPECT_EQ(DownloadRatesOf({.download = 4, .origin = 9}, policy), (TransferRates{.download = 4, .origin = 7}));
  EXPECT_EQ(UploadRateOf(0, policy), 3U);
}

TEST(NodeEntriesTest, RequestsOfTwoDomainsAreTwoJobs) {
  CacheEntry entry{.cache = "a", .manifest = Digest::Of("m").ToString(), .source = "hf://org/a@main"};
  const std::string open = RequestOf(entry)->Key();
  entry.domain = "team/12345678";
  EXPECT_NE(RequestOf(entry)->Key(), open);
}

}  // namespace
}  // namespace ballast
