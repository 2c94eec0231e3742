#include "store/store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "base/strings.h"
#include "store/testing/store_test_fixture.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

const OnRead kReadOn = [](uint64_t) { return true; };

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

TEST_F(StoreTest, MissingParentIsNamed) {
  options_.root = dir_.path() + "/no/such/cache";
  EXPECT_THAT(Open().status().message(), HasSubstr(dir_.path() + "/no/such is not there"));
}

TEST_F(StoreTest, NewerFormatIsRefused) {
  store_.reset();
  Overwrite(Path("format"), "ballast-store 2\n");
  const auto store = Open();
  EXPECT_EQ(store.status().code(), StatusCode::kUnimplemented);
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

TEST_F(StoreTest, IdleIngestsGoWhenTheirRoomIsNeeded) {
  const std::string content = RandomContent(100'000, 12);
  const auto open = store_->blobs().OpenIngest(ExpectedOf(content)).value();
  ASSERT_TRUE(store_->blobs().OpenIngest({200'000, Digest::Of("x"), {}, ""}).ok());
  const uint64_t idle = store_->GetUsage().unfinished_bytes;
  EXPECT_GE(idle, 200'000);
  EXPECT_EQ(store_->blobs().DropUnfinished(0).value(), 0);
  EXPECT_EQ(store_->blobs().DropUnfinished(1).value(), idle);
  EXPECT_EQ(store_->GetUsage().unfinished_bytes, 0);
  EXPECT_EQ(store_->blobs().DropUnfinished(1).value(), 0) << "what is being received stays";
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

}  // namespace
}  // namespace ballast
