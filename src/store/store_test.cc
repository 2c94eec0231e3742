#include "store/store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "base/strings.h"
#include "store/posix_file_system.h"
#include "store/testing/store_fixture.h"
#include "store/testing/temp_dir.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

namespace fs = std::filesystem;

const OnRead kReadOn = [](uint64_t) { return true; };

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Reopen(); }

  Result<std::unique_ptr<Store>> Open() { return Store::Open(options_, files_, clock_); }
  void Reopen() {
    store_.reset();
    auto store = Open();
    BALLAST_CHECK(store.ok()) << store.status();
    store_ = std::move(*store);
  }
  std::string Path(const std::string& relative) const { return options_.root + "/" + relative; }
  std::string BlobPath(const std::string& content) const { return Path("blobs/sha256/" + Digest::Of(content).Hex()); }
  std::string Content(const std::string& path) { return ReadSmallFile(files_, path, 1 << 30).value(); }
  void Overwrite(const std::string& path, const std::string& content) {
    fs::permissions(path, fs::perms::owner_all);
    std::ofstream(path, std::ios::trunc) << content;
  }

  TempDir dir_;
  PosixFileSystem files_;
  FakeClock clock_;
  StoreOptions options_{dir_.path() + "/cache", 0, 0, SmallPieces()};
  std::unique_ptr<Store> store_;
};

// ---- opening

TEST_F(StoreTest, SecondInstanceIsRefusedWithThePidOfTheFirst) {
  const auto second = Open();
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(second.status().message(), HasSubstr("pid " + std::to_string(::getpid())));
}

TEST_F(StoreTest, DirectoryThatOthersCanWriteIsRefused) {
  store_.reset();
  for (const mode_t mode : {0777, 0775, 0757}) {
    ASSERT_EQ(::chmod(options_.root.c_str(), mode), 0);
    const auto store = Open();
    EXPECT_EQ(store.status().code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(store.status().message(), HasSubstr("run: chmod go-w " + options_.root));
  }
}

TEST_F(StoreTest, NewerFormatIsRefused) {
  store_.reset();
  Overwrite(Path("format"), "ballast-store 2\n");
  const auto store = Open();
  EXPECT_EQ(store.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(store.status().message(), HasSubstr("newer Ballast (format 2, this version knows up to 1)"));
}

TEST_F(StoreTest, ForeignDirectoryIsRefused) {
  store_.reset();
  Overwrite(Path("format"), "something else\n");
  EXPECT_EQ(Open().status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(StoreTest, SymbolicLinkAsRootIsRefused) {
  store_.reset();
  fs::create_directory_symlink(options_.root, dir_.path() + "/link");
  options_.root = dir_.path() + "/link";
  EXPECT_THAT(Open().status().message(), HasSubstr("symbolic link"));
}

TEST_F(StoreTest, EverythingIsThereAfterAReopen) {
  const ModelFiles model = {{"a", RandomContent(10'000, 1)}, {"b/c", RandomContent(50, 2)}, {"empty", ""}};
  const Digest id = AddModel(*store_, model).value();
  const std::string view = store_->views().Make(id, Layout::kHf, "hf://org/name").value();
  const Lease lease{"volume", "/target", "ns/pod", id, view};
  ASSERT_EQ(store_->leases().Put(lease), OkStatus());
  const Usage before = store_->GetUsage();
  Reopen();
  EXPECT_EQ(store_->models().Find(id)->manifest, ManifestOf(model));
  EXPECT_THAT(store_->models().Find(id)->origins, ElementsAre(OriginOf(model)));
  EXPECT_THAT(store_->leases().List(), ElementsAre(lease));
  EXPECT_EQ(store_->views().Make(id, Layout::kHf, "hf://org/name").value(), view);
  EXPECT_EQ(store_->GetUsage().blobs, before.blobs);
  for (const auto& [path, content] : model) EXPECT_EQ(store_->blobs().Size(Digest::Of(content)), content.size());
}

// ---- blobs

TEST_F(StoreTest, BlobIsReadOnlyAndVerified) {
  const std::string content = RandomContent(20'000, 3);
  ASSERT_EQ(AddBlob(store_->blobs(), content).value(), Digest::Of(content));
  EXPECT_EQ(Content(BlobPath(content)), content);
  EXPECT_EQ(files_.Stat(BlobPath(content))->mode, 0444);
  EXPECT_EQ(store_->blobs().Verify(Digest::Of(content), kReadOn).value(), std::nullopt);
  EXPECT_TRUE(fs::is_empty(Path("ingest")));
}

TEST_F(StoreTest, WrongBytesAreNeverVisible) {
  for (const size_t size : {10, 10'000}) {
    const std::string content = RandomContent(size, 4);
    const auto committed = AddBlob(store_->blobs(), RandomContent(size, 5), ExpectedOf(content));
    EXPECT_EQ(committed.status().code(), StatusCode::kDataLoss);
    EXPECT_EQ(store_->blobs().Size(Digest::Of(content)), std::nullopt);
    EXPECT_TRUE(fs::is_empty(Path("ingest")));
  }
}

TEST_F(StoreTest, SmallBlobsSurviveAKillAndBecomeDurableWithTheModel) {
  const std::string content = RandomContent(100, 6);
  ASSERT_TRUE(AddBlob(store_->blobs(), content).ok());
  EXPECT_FALSE(fs::exists(BlobPath(content)));
  Reopen();
  EXPECT_EQ(store_->blobs().Size(Digest::Of(content)), 100);
  ASSERT_TRUE(AddModel(*store_, {{"file", content}}).ok());
  EXPECT_EQ(Content(BlobPath(content)), content);
  EXPECT_TRUE(fs::is_empty(Path("pending")));
}

TEST_F(StoreTest, SmallBlobThatAPowerLossDamagedIsDropped) {
  const std::string content = RandomContent(100, 7);
  ASSERT_TRUE(AddBlob(store_->blobs(), content).ok());
  store_.reset();
  Overwrite(Path("pending/" + Digest::Of(content).Hex()), std::string(100, '\0'));
  Reopen();
  EXPECT_EQ(store_->blobs().Size(Digest::Of(content)), std::nullopt);
}

TEST_F(StoreTest, GitObjectIdLeadsToTheBlobAlsoLater) {
  for (const size_t size : {10, 10'000}) {
    const std::string content = RandomContent(size, 8);
    const GitOid oid = GitOid::OfBlob(content);
    ASSERT_EQ(AddBlob(store_->blobs(), content, {size, {}, oid, ""}).value(), Digest::Of(content));
    EXPECT_EQ(store_->blobs().FindByGitOid(oid), Digest::Of(content));
    Reopen();
    EXPECT_EQ(store_->blobs().FindByGitOid(oid), Digest::Of(content));
  }
  EXPECT_EQ(store_->blobs().FindByGitOid(GitOid::OfBlob("x")), std::nullopt);
}

TEST_F(StoreTest, SameContentIsReceivedByOneAtATime) {
  const std::string content = RandomContent(10'000, 9);
  auto first = store_->blobs().OpenIngest(ExpectedOf(content)).value();
  EXPECT_EQ(store_->blobs().OpenIngest(ExpectedOf(content)).status().code(), StatusCode::kAborted);
  first.reset();
  EXPECT_TRUE(AddBlob(store_->blobs(), content).ok());
}

TEST_F(StoreTest, InterruptedIngestGoesOnAfterAReopen) {
  const std::string content = RandomContent(10'000, 10);
  {
    auto ingest = store_->blobs().OpenIngest(ExpectedOf(content)).value();
    auto writer = ingest->OpenRange({0, 4096}).value();
    ASSERT_EQ(writer->Append(std::as_bytes(std::span(content)).first(4096)), OkStatus());
    ASSERT_EQ(writer->Flush(), OkStatus());
  }
  Reopen();
  auto ingest = store_->blobs().OpenIngest(ExpectedOf(content)).value();
  EXPECT_TRUE(ingest->pieces().has(0));
  ASSERT_EQ(Receive(*ingest, content), OkStatus());
  EXPECT_EQ(store_->blobs().Commit(std::move(ingest)).value(), Digest::Of(content));
}

TEST_F(StoreTest, DamageIsNamed) {
  const std::string content = RandomContent(10'000, 11);
  const Digest digest = AddBlob(store_->blobs(), content).value();
  const auto problem = [&] { return store_->blobs().Verify(digest, kReadOn).value()->problem; };
  std::string other = content;
  other[5] ^= 1;
  Overwrite(BlobPath(content), other);
  EXPECT_EQ(problem(), "has " + Digest::Of(other).ToString());
  Overwrite(BlobPath(content), content.substr(0, 9997));
  EXPECT_EQ(problem(), "is 3 bytes short");
  fs::remove(BlobPath(content));
  EXPECT_EQ(problem(), "is missing");
}

TEST_F(StoreTest, VerifyingTellsHowFarItIsAndEndsWhenToldTo) {
  const std::string content = RandomContent(3'500'000, 12);
  const Digest digest = AddBlob(store_->blobs(), content).value();
  std::vector<uint64_t> told;
  const auto count = [&](uint64_t bytes) { return told.push_back(bytes), true; };
  EXPECT_EQ(store_->blobs().Verify(digest, count).value(), std::nullopt);
  EXPECT_EQ(std::accumulate(told.begin(), told.end(), 0ULL), content.size());
  EXPECT_GT(told.size(), 3U);
  const auto once = store_->blobs().Verify(digest, [](uint64_t) { return false; });
  EXPECT_EQ(once.status().code(), StatusCode::kCancelled);
}

TEST_F(StoreTest, ForeignFileAmongTheBlobsIsLeftAlone) {
  store_.reset();
  std::ofstream(Path("blobs/sha256/README")) << "hello";
  Reopen();
  EXPECT_EQ(store_->GetUsage().blobs, 0);
  EXPECT_TRUE(fs::exists(Path("blobs/sha256/README")));
}

// ---- room

TEST_F(StoreTest, ReservationsHoldTheQuotaAndGiveItBack) {
  options_.quota_bytes = 1'000'000;
  Reopen();
  EXPECT_EQ(store_->blobs().Reserve(1'000'001).status().code(), StatusCode::kFailedPrecondition);
  auto first = store_->blobs().Reserve(700'000).value();
  const auto second = store_->blobs().Reserve(400'000);
  EXPECT_EQ(second.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(second.status().message(), HasSubstr("needs 391 KiB, 293 KiB are left of the quota of 977 KiB"));
  EXPECT_EQ(store_->GetUsage().reserved_bytes, 700'000);
  first.reset();
  EXPECT_TRUE(store_->blobs().Reserve(400'000).ok());
}

TEST_F(StoreTest, WhatAnIngestTakesIsNoLongerReserved) {
  const std::string content = RandomContent(100'000, 12);
  const auto reservation = store_->blobs().Reserve(150'000).value();
  const auto ingest = store_->blobs().OpenIngest(ExpectedOf(content)).value();
  EXPECT_EQ(store_->GetUsage().reserved_bytes, 50'000);
  EXPECT_GE(store_->GetUsage().used_bytes, 100'000);
}

TEST_F(StoreTest, IdleIngestsAreNoHindrance) {
  options_.quota_bytes = 1'000'000;
  Reopen();
  ASSERT_TRUE(store_->blobs().OpenIngest({900'000, Digest::Of("x"), {}, ""}).ok());
  EXPECT_GE(store_->GetUsage().used_bytes, 900'000);
  EXPECT_TRUE(store_->blobs().Reserve(900'000).ok());
}

TEST_F(StoreTest, UsageIsWhatTheDiskSays) {
  ASSERT_TRUE(AddModel(*store_, {{"a", RandomContent(10'000, 13)}, {"b", RandomContent(100, 14)}}).ok());
  ASSERT_EQ(files_.SyncAll(options_.root), OkStatus());  // blocks are given when they are written
  uint64_t allocated = 0;
  for (const auto& entry : fs::recursive_directory_iterator(options_.root)) {
    const std::string folder = entry.path().parent_path().filename();
    if (entry.is_regular_file() && (folder == "sha256" || folder == "manifests")) {
      allocated += files_.Stat(entry.path())->allocated;
    }
  }
  EXPECT_EQ(store_->GetUsage().used_bytes, allocated);
}

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

TEST_F(StoreTest, LastUseIsRememberedFromLeases) {
  const Digest id = AddModel(*store_, {{"a", "x"}}).value();
  clock_.Advance(std::chrono::hours(5));
  ASSERT_EQ(store_->leases().Put({"volume", "/target", "", id, ""}), OkStatus());
  const int64_t used = store_->models().Find(id)->last_used_unix;
  EXPECT_EQ(used, 1'700'000'000 + 5 * 3600);
  Reopen();
  EXPECT_EQ(store_->models().Find(id)->last_used_unix, used);
}

// ---- leases

TEST_F(StoreTest, LeaseIsReplacedAndRemoved) {
  Lease lease{"volume \"1\"\n", "/var/lib/x", "ns/pod", std::nullopt, ""};
  ASSERT_EQ(store_->leases().Put(lease), OkStatus());
  lease.manifest = Digest::Of("m");
  lease.view = "views/x/data";
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
