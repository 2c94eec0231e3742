#include "daemon/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/verify_call.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kCommit(40, 'a');

StoredModel Model(const std::string& uri, const std::string& content, std::vector<std::string> revisions = {"main"}) {
  Manifest manifest = Manifest::Make({{SafePath::Parse("w.bin").value(), Digest::Of(content), content.size()}}).value();
  const Digest id = manifest.Id();
  return {.id = id,
          .manifest = std::move(manifest),
          .origins = {{.uri = uri, .commit = kCommit, .revisions = std::move(revisions)}}};
}

ModelRequest Kept(const std::string& ref) { return {.ref = ModelRef::Parse(ref).value(), .keep_resolution = true}; }

Resolution Led(const ModelRequest& request, const Digest& manifest) {
  return {.uri = request.ref.Uri(),
          .revision = VersionName(request.ref),
          .kept = request.keep_resolution,
          .commit = kCommit,
          .manifest = manifest};
}

TEST(InventoryTest, AModelIsWantedByTheCachesWhoseResolutionLedToIt) {
  const StoredModel current = Model("hf://org/a", "new");
  const StoredModel old = Model("hf://org/a", "old", {});
  const ModelRequest request = Kept("hf://org/a@main");
  const NodeView node{.models = {current, old},
                      .jobs = {{.request = request, .phase = JobPhase::kReady, .wanted_by = {"llama", "llama-2"}}},
                      .resolutions = {Led(request, current.id)}};
  EXPECT_THAT(WantedBy(node, current.id), ElementsAre("llama", "llama-2"));
  EXPECT_THAT(WantedBy(node, old.id), IsEmpty());
  EXPECT_FALSE(MayRemove(node, current.id).ok());
  EXPECT_TRUE(MayRemove(node, old.id).ok());
}

TEST(InventoryTest, ListsWhatIsHereThenWhatIsNotYet) {
  const JobSnapshot waiting{
      .request = Kept("hf://org/b"),
      .phase = JobPhase::kWaiting,
      .progress = {.step = "waiting", .bytes_done = 5, .bytes_total = 9, .waiting_for = "hub down"},
      .error = Unavailable("hub down"),
      .wanted_by = {"b"}};
  const std::vector<cache::v1::Model> list = ListModels({.models = {Model("hf://org/a", "x")}, .jobs = {waiting}});
  ASSERT_THAT(list, SizeIs(2));
  EXPECT_EQ(list[0].phase(), "ready");
  EXPECT_EQ(list[0].bytes_here(), 1U);
  EXPECT_EQ(list[1].model(), "hf://org/b@main");
  EXPECT_EQ(list[1].phase(), "waiting");
  EXPECT_EQ(list[1].message(), "hub down");
  EXPECT_EQ(list[1].bytes_here(), 5U);
}

TEST(InventoryTest, AModelThatIsPolledIsListedOnceAsReady) {
  const StoredModel model = Model("hf://org/a", "x");
  const JobSnapshot polling{
      .request = Kept("hf://org/a"), .phase = JobPhase::kRunning, .ready = ReadyModel{.manifest = model.id}};
  const auto list = ListModels({.models = {model}, .jobs = {polling}});
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].phase(), "ready");
}

TEST(InventoryTest, SelectsByReferenceRevisionAndDigest) {
  const StoredModel a = Model("hf://org/a", "x", {"main", "v1"});
  const StoredModel b = Model("hf://org/b", "y");
  const NodeView node{.models = {a, b}};
  EXPECT_THAT(SelectModels(node, "hf://org/a", false).value(), ElementsAre(a.id));
  EXPECT_THAT(SelectModels(node, "hf://org/a@v1", false).value(), ElementsAre(a.id));
  EXPECT_THAT(SelectModels(node, "hf://org/a@" + kCommit, false).value(), ElementsAre(a.id));
  EXPECT_THAT(SelectModels(node, b.id.ToString(), false).value(), ElementsAre(b.id));
  EXPECT_THAT(SelectModels(node, "", true).value(), SizeIs(2));
}

TEST(InventoryTest, WhatIsNotHereIsNotFoundAndTheNearestIsOffered) {
  const NodeView node{.models = {Model("hf://org/llama", "x")}};
  EXPECT_EQ(SelectModels(node, "hf://org/lama", false).status().message(),
            "no model \"hf://org/lama\" on this node; did you mean \"hf://org/llama\"?");
  EXPECT_EQ(SelectModels(node, "hf://org/llama@v9", false).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(SelectModels(node, "", false).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(SelectModels(node, "sha256:xyz", false).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(SelectModels(node, Digest::Of("?").ToString(), false).status().code(), StatusCode::kNotFound);
}

TEST(InventoryTest, AMountedModelMayNotGoAndItsPodIsNamed) {
  const StoredModel model = Model("hf://org/a", "x");
  const NodeView node{.models = {model},
                      .leases = {{.volume_id = "v1", .target_path = "/t1", .pod = "team/p", .manifest = model.id},
                                 {.volume_id = "v2", .target_path = "/t2", .manifest = model.id}}};
  const Status refused = MayRemove(node, model.id);
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.message(),
            "hf://org/a is mounted in pod \"team/p\" as volume \"v1\" at \"/t1\" and 1 more; stop what uses it first");
}

TEST(InventoryTest, AModelThatIsBeingCheckedMayNotGo) {
  const StoredModel model = Model("hf://org/a", "x");
  const NodeView node{
      .models = {model},
      .jobs = {{.request = {.ref = ModelRef::Parse("hf://org/a").value()}, .phase = JobPhase::kRunning}}};
  EXPECT_THAT(MayRemove(node, model.id).message(), HasSubstr("being downloaded or checked"));
}

TEST(InventoryTest, AModelThatAWantedDownloadLeadsToIsWantedBeforeTheDownloadHasEnded) {
  const StoredModel model = Model("hf://org/a", "x");
  const NodeView node{.models = {model},
                      .jobs = {{.request = {.ref = ModelRef::Parse("hf://org/a").value()},
                                .phase = JobPhase::kRunning,
                                .wanted_by = {"llama"}}}};
  EXPECT_THAT(MayRemove(node, model.id).message(), HasSubstr("wanted on this node by cache llama"));
}

TEST(BlobsToVerifyTest, ASharedBlobIsReadOnceAndNamesAllItsModels) {
  const StoredModel a = Model("hf://org/a", "same");
  StoredModel b = Model("hf://org/b", "same");
  b.id = Digest::Of("b");
  const auto blobs = BlobsToVerify({.models = {a, b}}, {a.id, b.id});
  ASSERT_THAT(blobs, SizeIs(1));
  EXPECT_THAT(blobs.begin()->second.models, ElementsAre("hf://org/a", "hf://org/b"));
  EXPECT_EQ(blobs.begin()->second.size, 4U);
}

}  // namespace
}  // namespace ballast
