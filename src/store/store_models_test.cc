#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "base/strings.h"
#include "store/store.h"
#include "store/testing/store_test_fixture.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

namespace fs = std::filesystem;

// ---- models

TEST_F(StoreTest, ModelNeedsItsBlobs) {
  const ModelFiles model = {{"weights", RandomContent(100, 15)}};
  const Status put = store_->models().Put(ManifestOf(model), OriginOf(model));
  EXPECT_EQ(put.code(), StatusCode::kAborted);
  EXPECT_THAT(put.message(), HasSubstr("\"weights\""));
}

TEST_F(StoreTest, OriginsOfOneManifestAreKeptTogether) {
  const ModelFiles model = {{"a", "x"}};
  OriginRecord main = OriginOf(model);
  main.revisions = {"main"};
  OriginRecord tag = main;
  tag.revisions = {"v2"};
  OriginRecord newer = main;
  newer.commit = std::string(40, 'd');
  const Digest id = AddModel(*store_, model, main).value();
  ASSERT_TRUE(AddModel(*store_, model, tag).ok());
  ASSERT_TRUE(AddModel(*store_, model, newer).ok());
  OriginRecord merged = main;
  merged.revisions = {"main", "v2"};
  Reopen();
  EXPECT_THAT(store_->models().Find(id)->origins, ElementsAre(newer, merged));
  EXPECT_EQ(store_->models().List().size(), 1);
}

TEST_F(StoreTest, SharedBlobCountsOnceAndGoesWithItsLastModel) {
  const std::string shared = RandomContent(100'000, 16);
  const Digest first = AddModel(*store_, {{"shared", shared}, {"own", RandomContent(50'000, 17)}}).value();
  const uint64_t used = store_->GetUsage().used_bytes;
  const Digest second = AddModel(*store_, {{"renamed", shared}, {"other", RandomContent(10, 18)}}).value();
  EXPECT_LT(store_->GetUsage().used_bytes, used + 50'000);
  EXPECT_EQ(store_->models().AllocatedBytes(first), 53'248);
  EXPECT_EQ(store_->models().AllocatedBytes(second), 4096);
  EXPECT_EQ(store_->models().Remove(first).value(), 53'248);
  EXPECT_EQ(store_->blobs().Size(Digest::Of(shared)), 100'000);
  EXPECT_EQ(store_->models().AllocatedBytes(second), 102'400 + 4096);
  EXPECT_GE(store_->models().Remove(second).value(), 102'400);
  EXPECT_EQ(store_->blobs().Size(Digest::Of(shared)), std::nullopt);
}

TEST_F(StoreTest, RemovedModelLeavesNothing) {
  const uint64_t empty = store_->GetUsage().used_bytes;
  const Digest id = AddModel(*store_, {{"a/b", RandomContent(5000, 19)}, {"c", "small"}, {"e", ""}}).value();
  for (const Layout layout : {Layout::kPlain, Layout::kHf, Layout::kHfRepo}) {
    ASSERT_TRUE(store_->views().Make(id, layout, "hf://org/name").ok());
  }
  ASSERT_TRUE(store_->models().Remove(id).ok());
  EXPECT_EQ(store_->models().Find(id), std::nullopt);
  EXPECT_EQ(store_->models().Remove(id).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store_->GetUsage().used_bytes, empty);
  for (const char* folder : {"blobs/sha256", "ingest", "manifests", "pending", "tmp", "views"}) {
    EXPECT_TRUE(fs::is_empty(Path(folder))) << folder;
  }
}

TEST_F(StoreTest, WhatADownloadCountsOnStaysWhenItsModelGoes) {
  const std::string shared = RandomContent(50'000, 1);
  const Digest id = AddModel(*store_, {{"a", shared}, {"b", RandomContent(50'000, 2)}}).value();
  ASSERT_TRUE(store_->models().Remove(id, {Digest::Of(shared)}).ok());
  EXPECT_TRUE(store_->blobs().Size(Digest::Of(shared)).has_value());
  EXPECT_EQ(store_->GetUsage().blobs, 1);
}

TEST_F(StoreTest, BlobsThatWereMadeForViewsAreTheirModels) {
  const ModelFiles files{{"config.json", "{}"}};
  const Digest id = AddModel(*store_, files).value();
  ASSERT_TRUE(store_->views().Make(id, Layout::kHf, OriginOf(files).uri).ok());
  const StoredModel model = store_->models().List()[0];
  const std::set<Digest> generated(model.generated.begin(), model.generated.end());
  EXPECT_EQ(generated.size() + files.size(), store_->blobs().List().size());
}

TEST_F(StoreTest, LeasedModelIsNotRemoved) {
  const Digest id = AddModel(*store_, {{"a", "x"}}).value();
  ASSERT_EQ(store_->leases().Put({"volume", "/target", "ns/pod", id, ""}), OkStatus());
  const Status refused = store_->models().Remove(id).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("pod \"ns/pod\" uses it at \"/target\""));
  EXPECT_TRUE(store_->models().Find(id).has_value());
  ASSERT_EQ(store_->leases().Remove("volume", "/target"), OkStatus());
  EXPECT_TRUE(store_->models().Remove(id).ok());
}

TEST_F(StoreTest, OfModelsThatGoTogetherALeasedOneStaysAndASharedBlobIsFreedOnce) {
  const std::string shared = RandomContent(100'000, 1);
  const std::string kept = RandomContent(50'000, 2);
  const Digest one = AddModel(*store_, {{"shared", shared}, {"kept", kept}}).value();
  const Digest two = AddModel(*store_, {{"shared", shared}, {"own", RandomContent(50'000, 3)}}).value();
  const Digest leased = AddModel(*store_, {{"kept", kept}}).value();
  ASSERT_EQ(store_->leases().Put({"volume", "/target", "ns/pod", leased, ""}), OkStatus());
  const std::vector<Digest> ids = {one, leased, Digest::Of("none"), two, one};
  const auto freed = store_->models().RemoveAll(ids, {});
  ASSERT_EQ(freed.size(), 5);
  EXPECT_EQ(freed[0].value() + freed[3].value(), 102'400 + 53'248);
  EXPECT_EQ(freed[1].status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(freed[2].status().code(), StatusCode::kNotFound);
  EXPECT_EQ(freed[4].status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store_->models().List().size(), 1);
  EXPECT_EQ(store_->blobs().List().size(), 1);
  Reopen();
  EXPECT_TRUE(store_->models().Find(leased).has_value());
}

TEST_F(StoreTest, LastUseIsRememberedFromLeases) {
  const Digest id = AddModel(*store_, {{"a", "x"}}).value();
  clock_.Advance(std::chrono::hours(5));
  ASSERT_EQ(store_->leases().Put({"volume", "/target", "", id, ""}), OkStatus());
  const int64_t used = store_->models().Find(id)->last_used_unix;
  EXPECT_EQ(used, 1'700'000'000 + 5 * 3600);
  Reopen();
  EXPECT_EQ(store_->models().Find(id)->last_used_unix, used);
}

TEST_F(StoreTest, AModelIsIdleWhileSomebodyWatchesAndClocksDoNotMatter) {
  const Digest id = AddModel(*store_, {{"a", "x"}}).value();
  clock_.Advance(std::chrono::hours(5));
  EXPECT_EQ(store_->models().Find(id)->idle, std::chrono::hours(5));
  ASSERT_EQ(store_->KeepWatch(), OkStatus());
  clock_.SetWall(clock_.Now() + std::chrono::hours(24 * 365 * 30));
  Reopen();
  EXPECT_EQ(store_->models().Find(id)->idle, std::chrono::hours(5));
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(store_->models().Find(id)->idle, std::chrono::hours(6));
}

TEST_F(StoreTest, UsesStayInOrderThoughNobodyKeptWatchBeforeACrash) {
  const Digest first = AddModel(*store_, {{"a", "x"}}).value();
  clock_.Advance(std::chrono::hours(5));
  const Digest second = AddModel(*store_, {{"a", "y"}}).value();
  Reopen();
  EXPECT_LT(store_->models().Find(first)->last_use, store_->models().Find(second)->last_use);
  EXPECT_EQ(store_->models().Find(second)->idle, std::chrono::hours(0));
}

TEST_F(StoreTest, ABlobOfNoModelCanBeRemoved) {
  const Digest id = AddModel(*store_, {{"a", "x"}}).value();
  const Digest orphan = store_->blobs().Put("left over").value();
  EXPECT_EQ(store_->blobs().List().size(), 2U);
  const std::vector<Digest> blobs = {Digest::Of("x"), orphan, orphan};
  const auto freed = store_->models().RemoveOrphans(blobs);
  EXPECT_EQ(freed[0].status().code(), StatusCode::kFailedPrecondition);
  EXPECT_GT(freed[1].value(), 0U);
  EXPECT_EQ(freed[2].status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(store_->models().Find(id).has_value());
}

// ---- damage

TEST_F(StoreTest, ADamagedBlobGoesAndItsModelIsFetchedAgain) {
  const ModelFiles files{{"a", RandomContent(5000, 1)}, {"b", RandomContent(5000, 2)}};
  const Digest id = AddModel(*store_, files).value();
  const std::string view = store_->views().Make(id, Layout::kPlain, "").value();
  const auto gone = store_->models().Discard(Digest::Of(files.at("a")));
  ASSERT_TRUE(gone.ok()) << gone.status();
  ASSERT_EQ(gone->size(), 1U);
  EXPECT_EQ(gone->front().id, id);
  EXPECT_FALSE(store_->models().Find(id).has_value());
  EXPECT_FALSE(store_->blobs().Size(Digest::Of(files.at("a"))).has_value());
  EXPECT_TRUE(store_->blobs().Size(Digest::Of(files.at("b"))).has_value()) << "only the damaged one is fetched";
  EXPECT_FALSE(std::filesystem::exists(store_->root() + "/" + view)) << "nobody has it mounted";
  EXPECT_EQ(AddModel(*store_, files).value(), id);
  EXPECT_EQ(store_->views().Make(id, Layout::kPlain, "").value(), view);
}

TEST_F(StoreTest, AVolumeKeepsItsFilesWhenOneIsFoundDamaged) {
  const ModelFiles files{{"a", RandomContent(5000, 1)}};
  const Digest id = AddModel(*store_, files).value();
  const std::string view = store_->views().Make(id, Layout::kPlain, "").value();
  ASSERT_EQ(store_->leases().Put({"volume", "/target", "ns/pod", id, view}), OkStatus());
  ASSERT_TRUE(store_->models().Discard(Digest::Of(files.at("a"))).ok());
  const std::string aside = store_->leases().List().front().view;
  EXPECT_NE(aside, view);
  EXPECT_TRUE(std::filesystem::exists(store_->root() + "/" + aside + "/a"));
  Reopen();
  EXPECT_TRUE(std::filesystem::exists(store_->root() + "/" + aside + "/a"));

  ASSERT_EQ(AddModel(*store_, files).value(), id);
  EXPECT_EQ(store_->views().Make(id, Layout::kPlain, "").value(), view) << "made anew";
  ASSERT_EQ(store_->leases().Remove("volume", "/target"), OkStatus());
  EXPECT_FALSE(std::filesystem::exists(store_->root() + "/" + aside)) << "goes with its last volume";
  EXPECT_TRUE(std::filesystem::exists(store_->root() + "/" + view));
}

TEST_F(StoreTest, AModelWhoseFileWentBehindOurBackIsGivenUpAtTheStart) {
  const ModelFiles files{{"a", RandomContent(5000, 1)}, {"b", RandomContent(5000, 2)}};
  const Digest id = AddModel(*store_, files).value();
  const std::string blob = store_->root() + "/blobs/sha256/" + Digest::Of(files.at("a")).Hex();
  store_.reset();
  std::filesystem::remove(blob);
  Reopen();
  EXPECT_FALSE(store_->models().Find(id).has_value());
  EXPECT_EQ(AddModel(*store_, files).value(), id);
}

// ---- leases

TEST_F(StoreTest, LeaseIsReplacedAndRemoved) {
  Lease lease{"volume \"1\"\n", "/var/lib/x", "ns/pod", std::nullopt, ""};
  ASSERT_EQ(store_->leases().Put(lease), OkStatus());
  lease.manifest = Digest::Of("m");
  lease.view = "views/x/data";
  lease.pod_uid = "uid-1";
  ASSERT_EQ(store_->leases().Put(lease), OkStatus());
  EXPECT_THAT(store_->leases().List(), ElementsAre(lease));
  Reopen();
  EXPECT_THAT(store_->leases().List(), ElementsAre(lease));
  ASSERT_EQ(store_->leases().Remove(lease.volume_id, lease.target_path), OkStatus());
  ASSERT_EQ(store_->leases().Remove(lease.volume_id, lease.target_path), OkStatus());
  EXPECT_TRUE(fs::is_empty(Path("leases")));
}

TEST_F(StoreTest, UnreadableLeaseIsKeptAndHoldsEveryModel) {
  const Digest id = AddModel(*store_, {{"a", "x"}}).value();
  store_.reset();
  std::ofstream(Path("leases/abc.json")) << "{\"volume_id\":";
  Reopen();
  EXPECT_THAT(store_->models().Remove(id).status().message(), HasSubstr("leases/abc.json cannot be read"));
  EXPECT_TRUE(fs::exists(Path("leases/abc.json")));
}

// ---- views

std::vector<std::string> Tree(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    names.push_back(fs::relative(entry.path(), path).string() + (entry.is_directory() ? "/" : ""));
  }
  return names;
}

TEST_F(StoreTest, ViewsHoldLinksOfReadOnlyBlobs) {
  const ModelFiles model = {{"dir/weights", RandomContent(5000, 20)}, {"config.json", "{}"}, {"empty", ""}};
  const Digest id = AddModel(*store_, model).value();
  for (const Layout layout : {Layout::kPlain, Layout::kHf, Layout::kHfRepo}) {
    const std::string view = Path(store_->views().Make(id, layout, "hf://org/name").value());
    for (const auto& entry : fs::recursive_directory_iterator(view)) {
      EXPECT_FALSE(entry.is_symlink());
      const FileInfo info = files_.Stat(entry.path()).value();
      EXPECT_EQ(info.mode, entry.is_directory() ? 0755 : 0444) << entry.path();
      if (!entry.is_regular_file() || info.size == 0) continue;
      EXPECT_TRUE(fs::equivalent(entry.path(), BlobPath(Content(entry.path())))) << entry.path();
    }
  }
}

TEST_F(StoreTest, HfViewIsWhatTheClientNeeds) {
  const Digest id = AddModel(*store_, {{"config.json", "{}"}, {"sub/weights", "w"}}).value();
  const std::string view = Path(store_->views().Make(id, Layout::kHf, "hf://org/name").value());
  const std::string commit(40, 'c');
  EXPECT_THAT(Tree(view), UnorderedElementsAre(
                              ".locks/", ".locks/models--org--name/", "models--org--name/", "models--org--name/blobs/",
                              "models--org--name/refs/", "models--org--name/refs/main", "models--org--name/refs/v1.0",
                              "models--org--name/snapshots/", "models--org--name/snapshots/" + commit + "/",
                              "models--org--name/snapshots/" + commit + "/config.json",
                              "models--org--name/snapshots/" + commit + "/sub/",
                              "models--org--name/snapshots/" + commit + "/sub/weights", "models--org--name/trees/",
                              "models--org--name/trees/" + commit + ".json"));
  EXPECT_EQ(Content(view + "/models--org--name/refs/v1.0"), commit);
}

TEST_F(StoreTest, ViewOfNoHubModelHasOnlyThePlainLayout) {
  OriginRecord origin;
  origin.uri = "file:///models/x";
  const Digest id = AddModel(*store_, {{"a", "x"}}, origin).value();
  EXPECT_TRUE(store_->views().Make(id, Layout::kPlain, "file:///models/x").ok());
  EXPECT_THAT(store_->views().Make(id, Layout::kHf, "file:///models/x").status().message(),
              HasSubstr("use layout plain"));
  EXPECT_EQ(store_->views().Make(id, Layout::kHf, "hf://else/where").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->views().Make(Digest::Of("?"), Layout::kPlain, "").status().code(), StatusCode::kNotFound);
}

TEST_F(StoreTest, EarlyViewOnlyGainsFilesAndSaysWhenItIsReady) {
  const ModelFiles model = {{"config.json", "{}"}, {"sub/weights", RandomContent(5000, 21)}, {"empty", ""}};
  std::vector<std::pair<SafePath, uint64_t>> expected;
  for (const auto& [path, content] : model) expected.emplace_back(SafePath::Parse(path).value(), content.size());
  const std::string early = store_->views().OpenEarly("v", Layout::kHfRepo, OriginOf(model), expected).value();
  ASSERT_EQ(store_->leases().Put({"v", "/t", "", std::nullopt, early}), OkStatus());
  const std::string view = Path(early);
  const std::string snapshot = "snapshots/" + std::string(40, 'c') + "/";
  EXPECT_THAT(Tree(view), UnorderedElementsAre(".ballast/", ".ballast/files.json"));
  EXPECT_THAT(Content(view + "/.ballast/files.json"),
              HasSubstr("{\"path\":\"" + snapshot + "sub/weights\",\"size\":5000}"));
  ASSERT_TRUE(AddBlob(store_->blobs(), "{}").ok());
  const SafePath config = SafePath::Parse("config.json").value();
  ASSERT_EQ(store_->views().AddToEarly(early, config, Digest::Of("{}")), OkStatus());
  Reopen();
  ASSERT_EQ(store_->views().OpenEarly("v", Layout::kHfRepo, OriginOf(model), expected).value(), early);
  ASSERT_EQ(store_->views().AddToEarly(early, config, Digest::Of("{}")), OkStatus());
  EXPECT_EQ(Content(view + "/" + snapshot + "config.json"), "{}");
  const Digest id = AddModel(*store_, model).value();
  EXPECT_FALSE(fs::exists(view + "/.ballast/ready"));
  ASSERT_EQ(store_->views().CompleteEarly(early, id), OkStatus());
  EXPECT_TRUE(fs::exists(view + "/.ballast/ready"));
  for (const auto& [path, content] : model) EXPECT_EQ(Content(StrCat(view, "/", snapshot, path)), content);
  EXPECT_EQ(Content(view + "/refs/main"), std::string(40, 'c'));
  EXPECT_EQ(store_->models().Remove(id).status().code(), StatusCode::kFailedPrecondition);
  ASSERT_EQ(store_->leases().Remove("v", "/t"), OkStatus());
  EXPECT_FALSE(fs::exists(view));
  EXPECT_TRUE(store_->models().Remove(id).ok());
  EXPECT_TRUE(fs::is_empty(Path("blobs/sha256")));
}

}  // namespace
}  // namespace ballast
