#include "daemon/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/small_file.h"
#include "base/testing/temp_dir.h"
#include "store/posix_file_system.h"
#include "store/testing/store_fixture.h"

namespace ballast {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kSize = 100'000;  // bytes of a model's weights

class CollectorTest : public ::testing::Test {
 protected:
  // Each an hour after the one before.
  Digest Add(const std::string& name, std::vector<CopyOwner> owners) {
    clock_.Advance(hours(1));
    const ModelFiles files{{"weights", RandomContent(kSize, ++seed_)}};
    const Manifest manifest = ManifestOf(files);
    EXPECT_TRUE(AddBlob(store_->blobs(), files.at("weights")).ok());
    OriginRecord origin = OriginOf(files);
    origin.uri = "hf://org/" + name;
    origin.revisions = {"main"};
    EXPECT_EQ(store_->models().Put(manifest, origin), OkStatus());
    intent_.owners[manifest.Id()] = std::move(owners);
    return manifest.Id();
  }
  Digest OnDemand(const std::string& name) { return Add(name, {{.cache = name}}); }

  void SetQuota(double models) {
    intent_.policy.quota_bytes = static_cast<uint64_t>(models * static_cast<double>(store_->GetUsage().used_bytes) /
                                                       static_cast<double>(store_->models().List().size()));
  }
  static std::vector<std::string> NamesOf(const Collection& collection) {
    std::vector<std::string> names;
    for (const Evicted& one : collection.evicted) names.push_back(one.what);
    return names;
  }

  std::unique_ptr<Store> Open() {
    return Store::Open({.root = dir_.path() + "/cache", .ingest = {4096, 1000, "boot-1", true}}, files_, clock_)
        .value();
  }

  TempDir dir_;
  PosixFileSystem files_;
  FakeClock clock_;
  std::unique_ptr<Store> store_ = Open();
  InUse in_use_;
  DiskIntent intent_;
  InTransfer in_transfer_;
  std::vector<Collection> told_;
  uint32_t seed_ = 0;
  Collector collector_{*store_, in_use_, [this](const auto&) { return intent_; }, [this] { return in_transfer_; },
                       [this](const Collection& collection) { told_.push_back(collection); }};
};

TEST_F(CollectorTest, WithRoomNothingHappens) {
  OnDemand("a");
  EXPECT_THAT(collector_.Collect().evicted, IsEmpty());
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(CollectorTest, AQuotaThatShrinksEvictsTheLongestUnused) {
  for (const char* name : {"a", "b", "c"}) OnDemand(name);
  const uint64_t before = store_->GetUsage().used_bytes;
  SetQuota(2.1);
  const Collection done = collector_.Collect();
  EXPECT_THAT(NamesOf(done), ElementsAre("hf://org/a@main"));
  EXPECT_LE(store_->GetUsage().used_bytes, intent_.policy.quota_bytes);
  EXPECT_GE(before - store_->GetUsage().used_bytes, done.freed_bytes);
  EXPECT_GE(done.freed_bytes, kSize);
  EXPECT_EQ(collector_.counts().evictions.at(EvictionReason::kLeastRecentlyUsed), 1U);
  ASSERT_EQ(told_.size(), 1U);
}

TEST_F(CollectorTest, MountedAndWantedOnesStayAndSayWhy) {
  const Digest mounted = OnDemand("mounted");
  ASSERT_EQ(store_->leases().Put({"volume", "/target", "serving/llama-0", mounted, ""}), OkStatus());
  Add("wanted", {{.cache = "llama", .pinned = true}});
  SetQuota(0.5);
  const Collection done = collector_.Collect();
  EXPECT_THAT(done.evicted, IsEmpty());
  EXPECT_GT(done.missing_bytes, 0U);
  ASSERT_EQ(done.stays.size(), 2U);
  std::vector<std::string> why{done.stays[0].why, done.stays[1].why};
  EXPECT_THAT(why, ::testing::UnorderedElementsAre("mounted by serving/llama-0", "wanted by llama"));
}

TEST_F(CollectorTest, WhatSomebodyIsAboutToMountStays) {
  const Digest id = OnDemand("a");
  SetQuota(0.5);
  {
    const auto hold = in_use_.ToPublish(id);
    const Collection done = collector_.Collect();
    EXPECT_THAT(done.evicted, IsEmpty());
    EXPECT_THAT(done.problems, ElementsAre(HasSubstr("hf://org/a@main: ")));
    EXPECT_TRUE(store_->models().Find(id).has_value());
  }
  EXPECT_THAT(NamesOf(collector_.Collect()), ElementsAre("hf://org/a@main"));
}

TEST_F(CollectorTest, AMostPatientOwnerDecidesHowLongAModelStays) {
  Add("a", {{.cache = "x", .unused_for = hours(2)}, {.cache = "y", .unused_for = hours(4)}});
  clock_.Advance(hours(3));
  EXPECT_THAT(collector_.Collect().evicted, IsEmpty());
  clock_.Advance(hours(2));
  EXPECT_THAT(NamesOf(collector_.Collect()), ElementsAre("hf://org/a@main"));
}

TEST_F(CollectorTest, TheNodesPolicyCountsWhereACacheSaysNothing) {
  OnDemand("a");
  intent_.unused_for = hours(1);
  clock_.Advance(hours(2));
  EXPECT_THAT(NamesOf(collector_.Collect()), ElementsAre("hf://org/a@main"));
}

TEST_F(CollectorTest, AWallClockThatJumpsChangesNothing) {
  OnDemand("a");
  intent_.unused_for = hours(1);
  for (const int years : {20, -40, 10}) {
    clock_.SetWall(clock_.Now() + hours(24 * 365 * years));
    EXPECT_THAT(collector_.Collect().evicted, IsEmpty()) << years;
  }
  clock_.Advance(hours(2));
  EXPECT_THAT(NamesOf(collector_.Collect()), ElementsAre("hf://org/a@main")) << "time goes on, whatever the date";
}

TEST_F(CollectorTest, TheDateSaysNothingAboutWhichOfTwoWasUsedLater) {
  OnDemand("earlier");
  clock_.SetWall(clock_.Now() - hours(24 * 365 * 10));
  OnDemand("later");
  SetQuota(1.5);
  EXPECT_THAT(NamesOf(collector_.Collect()), ElementsAre("hf://org/earlier@main"));
}

TEST_F(CollectorTest, WhileALeaseCannotBeReadNothingGoes) {
  const Digest model = OnDemand("a");
  store_.reset();
  ASSERT_TRUE(ReplaceSmallFile(dir_.path() + "/cache/leases/" + Digest::Of("lease").Hex() + ".json", "{").ok());
  store_ = Open();
  intent_.policy.quota_bytes = 1;
  const Collection collection = Collector(
                                    *store_, in_use_, [this](const auto&) { return intent_; },
                                    [this] { return in_transfer_; }, [](const Collection&) {})
                                    .Collect();
  EXPECT_THAT(collection.evicted, IsEmpty());
  EXPECT_THAT(collection.problems,
              ElementsAre(HasSubstr("cannot be read and may stand for this model; remove the file")));
  EXPECT_TRUE(store_->models().Find(model).has_value());
}

TEST_F(CollectorTest, LeftoversOfADownloadGoWhenNobodyGoesOnWithIt) {
  const Digest blob = AddBlob(store_->blobs(), RandomContent(kSize, 99)).value();
  in_transfer_.blobs.insert(blob);
  intent_.policy.quota_bytes = 1;
  EXPECT_THAT(collector_.Collect().evicted, IsEmpty());
  in_transfer_.blobs.clear();
  EXPECT_THAT(NamesOf(collector_.Collect()), ElementsAre(blob.ToString()));
  EXPECT_FALSE(store_->blobs().Size(blob).has_value());
}

TEST_F(CollectorTest, ADiskThatStaysTooFullIsUnderPressure) {
  Add("wanted", {{.cache = "llama", .pinned = true}});
  intent_.policy.min_available = store_->GetUsage().disk_total_bytes;
  EXPECT_FALSE(collector_.disk_pressure());
  EXPECT_TRUE(collector_.IsPressed());
  collector_.Collect();
  EXPECT_TRUE(collector_.disk_pressure());
  intent_.policy.min_available = 0;
  collector_.Collect();
  EXPECT_FALSE(collector_.disk_pressure());
}

TEST_F(CollectorTest, ADownloadGetsRoomFromWhatMayGo) {
  for (const char* name : {"a", "b"}) OnDemand(name);
  SetQuota(2.1);
  EXPECT_EQ(collector_.MakeRoom({.model = "c", .bytes = kSize}), OkStatus());
  EXPECT_EQ(store_->models().List().size(), 1U);
}

TEST_F(CollectorTest, ADownloadThatDoesNotFitIsToldTheNumbersAndTheNames) {
  const Digest mounted = OnDemand("mounted");
  ASSERT_EQ(store_->leases().Put({"volume", "/target", "serving/llama-0", mounted, ""}), OkStatus());
  OnDemand("free");
  SetQuota(2.1);
  const Status refused = collector_.MakeRoom({.model = "c", .bytes = 2 * kSize});
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), HasSubstr("needs 195 KiB; the quota of 235 KiB holds 224 KiB"));
  EXPECT_THAT(refused.message(), HasSubstr("hf://org/mounted@main (mounted by serving/llama-0)"));
  EXPECT_EQ(store_->models().List().size(), 2U) << "nothing goes in vain";
}

TEST_F(CollectorTest, WhereOthersFillTheDiskADownloadIsToldSo) {
  OnDemand("a");
  intent_.policy.quota_bytes = uint64_t{1} << 60;
  intent_.policy.min_available = store_->GetUsage().disk_total_bytes - kSize;
  const Status refused = collector_.MakeRoom({.model = "c", .bytes = kSize});
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), HasSubstr("needs 97.7 KiB; the disk of "));
  EXPECT_THAT(refused.message(), HasSubstr("other programs' files take "));
  EXPECT_THAT(refused.message(), HasSubstr("remove files from the disk"));
}

TEST_F(CollectorTest, ADownloadOfATenantIsToldOfItsQuota) {
  intent_.tenants = {{.namespaces = {"team-a"}, .quota_bytes = kSize}};
  const Status refused = collector_.MakeRoom({.model = "c", .bytes = 2 * kSize, .namespaces = {"team-a"}});
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), HasSubstr("that namespaces team-a have on this node"));
  EXPECT_EQ(collector_.MakeRoom({.model = "c", .bytes = 2 * kSize, .namespaces = {"team-b"}}), OkStatus());
}

TEST_F(CollectorTest, AnExplanationRemovesNothing) {
  for (const char* name : {"a", "b"}) OnDemand(name);
  Add("wanted", {{.cache = "llama", .pinned = true}});
  SetQuota(1.1);
  const Collection plan = collector_.Explain();
  EXPECT_THAT(NamesOf(plan), ElementsAre("hf://org/a@main", "hf://org/b@main"));
  ASSERT_EQ(plan.stays.size(), 1U);
  EXPECT_EQ(store_->models().List().size(), 3U);
}

}  // namespace
}  // namespace ballast
