#include "daemon/disk_intent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/admission.h"
#include "store/testing/store_fixture.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ModelCache Cache(const std::string& name, const std::string& spec) {
  const std::string yaml = "apiVersion: ballast.dev/v1alpha1\nkind: ClusterModelCache\nmetadata: {name: " + name +
                           "}\nspec: {source: {uri: \"hf://org/a\", revision: main}" + spec + "}\n";
  return ParseManifests(yaml, "x.yaml").value().caches.front();
}

// What "main" was at `when`.
StoredModel Revision(uint32_t when) {
  const ModelFiles files{{"weights", RandomContent(10, when)}};
  OriginRecord origin = OriginOf(files);
  origin.uri = "hf://org/a";
  origin.revisions = {"main"};
  origin.resolved_unix_seconds = when;
  const Manifest manifest = ManifestOf(files);
  return {.id = manifest.Id(), .manifest = manifest, .origins = {origin}};
}

Resolution Leads(const ModelCache& cache, const StoredModel& model) {
  const ModelRequest request = RequestOf(cache);
  return {.uri = request.ref.Uri(),
          .revision = request.ref.revision,
          .filter = request.filter,
          .kept = true,
          .manifest = model.id};
}

class DiskIntentTest : public ::testing::Test {
 protected:
  std::vector<CopyOwner> Owners(const ModelCache& cache, const StoredModel& model) const {
    const auto owners = OwnersOf({.caches = {cache}}, {Leads(cache, models_.back())}, models_);
    const auto found = owners.find(model.id);
    return found == owners.end() ? std::vector<CopyOwner>() : found->second;
  }
  const std::vector<StoredModel> models_{Revision(1), Revision(2), Revision(3)};
};

TEST_F(DiskIntentTest, WhatACacheKeepsWarmIsPinnedAndWhatComesOnDemandIsNot) {
  const std::vector<CopyOwner> warm = Owners(Cache("llama", ", nodes: {}, priority: 7"), models_[2]);
  ASSERT_EQ(warm.size(), 1U);
  EXPECT_EQ(warm[0].cache, "llama");
  EXPECT_EQ(warm[0].priority, 7);
  EXPECT_TRUE(warm[0].pinned);
  EXPECT_TRUE(warm[0].current);
  EXPECT_FALSE(Owners(Cache("llama", ""), models_[2])[0].pinned);
  EXPECT_TRUE(Owners(Cache("llama", ", seeds: {count: 2}"), models_[2])[0].pinned) << "of one node this is the seed";
  EXPECT_FALSE(Owners(Cache("llama", ", seeds: {count: 0}"), models_[2])[0].pinned);
}

TEST_F(DiskIntentTest, OfOlderRevisionsTheNewestStayAndAreNotPinned) {
  const ModelCache cache = Cache("llama", ", nodes: {}, gc: {keepRevisions: 2}");
  const std::vector<CopyOwner> kept = Owners(cache, models_[1]);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_FALSE(kept[0].current || kept[0].pinned || kept[0].surplus);
  const std::vector<CopyOwner> surplus = Owners(cache, models_[0]);
  ASSERT_EQ(surplus.size(), 1U);
  EXPECT_TRUE(surplus[0].surplus);
}

TEST_F(DiskIntentTest, NothingIsEvictedForASuspendedCache) {
  const ModelCache cache = Cache("llama", ", suspend: true");
  for (const StoredModel& model : models_) EXPECT_TRUE(Owners(cache, model)[0].pinned);
}

TEST_F(DiskIntentTest, FilesThatACacheDoesNotAskForAreNoRevisionOfIt) {
  ModelCache cache = Cache("llama", "");
  cache.spec.source.filter.include = {"*.json"};
  EXPECT_THAT(Owners(cache, models_[0]), IsEmpty());
}

TEST_F(DiskIntentTest, WhatIsCurrentForAnotherCacheIsNoOlderRevision) {
  const ModelCache first = Cache("first", "");
  ModelCache second = Cache("second", "");
  second.spec.source.revision = "v1";
  const auto owners =
      OwnersOf({.caches = {first, second}}, {Leads(first, models_[2]), Leads(second, models_[1])}, models_);
  ASSERT_EQ(owners.at(models_[1].id).size(), 1U);
  EXPECT_EQ(owners.at(models_[1].id)[0].cache, "second");
}

TEST_F(DiskIntentTest, ADownloadAsksForRoomForItsMostImportantOwner) {
  const ModelRequest request = RequestOf(Cache("llama", ""));
  const RoomFor room =
      RoomOf(request, {{.cache = "a", .priority = -5, .namespaces = {"x"}}, {.priority = 3, .namespaces = {"y"}}}, 10);
  EXPECT_EQ(room.model, "hf://org/a@main");
  EXPECT_EQ(room.priority, 3);
  EXPECT_THAT(room.namespaces, ElementsAre("x", "y"));
  EXPECT_THAT(RoomOf(request, {{.namespaces = {"x"}}, {}}, 10).namespaces, IsEmpty()) << "everybody's";
  ModelRequest inlined = request;
  inlined.pod_namespace = "team";
  EXPECT_THAT(RoomOf(inlined, {}, 10).namespaces, ElementsAre("team")) << "no cache stands for it";
  EXPECT_THAT(RoomOf(inlined, {{.namespaces = {"x"}}}, 10).namespaces, ElementsAre("x"));
}

}  // namespace
}  // namespace ballast
