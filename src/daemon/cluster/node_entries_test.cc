#include "daemon/cluster/node_entries.h"

#include <gtest/gtest.h>

#include "api/policy_rules.h"
#include "daemon/cluster/node_intents.h"

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

CacheNodeSpec SpecWithAPolicy() {
  CacheNodeSpec spec;
  spec.caches = {
      {.cache = "team/a",
       .manifest = Digest::Of("m").ToString(),
       .source = "hf://org/a@main",
       .current = true,
       .pinned = true,
       .priority = 4,
       .namespaces = {"team"}},
      {.cache = "b", .manifest = Digest::Of("m").ToString(), .source = "hf://org/b@main", .namespaces = {"*"}}};
  spec.policy = {.quota_bytes = 10, .high_threshold_percent = 90, .low_threshold_percent = 85};
  spec.policy.tenants = {{.namespaces = {"team"}, .quota_bytes = 7}};
  return spec;
}

TEST(NodeEntriesTest, TheDiskIsForWhatTheEntriesAndThePolicySay) {
  const DiskIntent intent = IntentOf(SpecWithAPolicy(), {.quota_bytes = 20, .min_available = 3}, false);
  EXPECT_EQ(intent.policy.quota_bytes, 10U);
  EXPECT_EQ(intent.policy.min_available, 3U);
  EXPECT_EQ(intent.policy.high_percent, 90);
  EXPECT_FALSE(intent.pins_yield) << "the operator decides who of those that want to be here is";
  const std::vector<CopyOwner>& owners = intent.owners.at(Digest::Of("m"));
  ASSERT_EQ(owners.size(), 2U);
  EXPECT_TRUE(owners[0].pinned && owners[0].current);
  EXPECT_EQ(owners[0].priority, 4);
  EXPECT_EQ(owners[0].namespaces, std::vector<std::string>{"team"});
  EXPECT_FALSE(owners[1].pinned || owners[1].current);
  EXPECT_TRUE(owners[1].namespaces.empty()) << "everybody's";
  ASSERT_EQ(intent.tenants.size(), 1U);
  EXPECT_EQ(intent.tenants[0].quota_bytes, 7U);
}

TEST(NodeEntriesTest, OnTheKubeletsFileSystemThresholdsAreNoHigherThanItsOwn) {
  const DiskIntent intent = IntentOf(SpecWithAPolicy(), {}, /*shares_node_filesystem=*/true);
  EXPECT_EQ(intent.policy.high_percent, kSharedThreshold);
  EXPECT_EQ(intent.policy.low_percent, kSharedThreshold);
}

TEST(NodeIntentsTest, NothingGoesBeforeSomebodySaysWhatIsWanted) {
  DaemonConfig config;
  config.cache.quota = 5;
  config.cache.high_threshold_percent = 1;
  std::shared_ptr<const CacheNode> node;
  const NodeIntents intents(config, false, [&] { return node; });
  const Manifest manifest = Manifest::Make({{SafePath::Parse("a").value(), Digest::Of("a"), 1}}).value();
  const std::vector<StoredModel> models{{.id = manifest.Id(), .manifest = manifest}};
  const DiskIntent unknown = intents.Now(models);
  EXPECT_TRUE(unknown.owners.at(manifest.Id()).front().pinned);
  EXPECT_EQ(unknown.policy.high_percent, 100);
  EXPECT_EQ(intents.Interval(), config.eviction.interval);
  node = std::make_shared<const CacheNode>();
  EXPECT_TRUE(intents.Now(models).owners.empty());
}

TEST(NodeEntriesTest, RequestsOfTwoDomainsAreTwoJobs) {
  CacheEntry entry{.cache = "a", .manifest = Digest::Of("m").ToString(), .source = "hf://org/a@main"};
  const std::string open = RequestOf(entry)->Key();
  entry.domain = "team/12345678";
  EXPECT_NE(RequestOf(entry)->Key(), open);
}

}  // namespace
}  // namespace ballast
