// The store on a disk whose power fails: at every single mutation of a life of models, views and leases, wholly or
// partly, and with errors in place of the power loss.
#include <gmock/gmock.h>

#include <cerrno>
#include <set>

#include "base/errno_status.h"
#include "base/strings.h"
#include "store/store.h"
#include "store/testing/crash_file_system.h"
#include "store/testing/store_fixture.h"

namespace ballast {
namespace {

constexpr char kRoot[] = "/cache";
constexpr char kUri[] = "hf://org/name";

const std::string kShared = RandomContent(9000, 1);  // three pieces
const ModelFiles kFirst = {{"weights", kShared}, {"dir/config.json", RandomContent(100, 2)}, {"empty", ""}};
const ModelFiles kSecond = {
    {"other/weights", kShared}, {"more", RandomContent(5000, 3)}, {"config", RandomContent(9, 4)}};
const ModelFiles kThird = {{"weights", kShared}, {"own", RandomContent(9000, 5)}};

// What calls that returned OK have promised.
struct Promises {
  std::map<Digest, ModelFiles> models;
  std::map<std::string, ModelFiles> views;  // where the model's files are, relative to the root
  std::map<std::string, Lease> leases;      // by volume
  std::set<Digest> removed;                 // blobs
};

std::vector<std::pair<SafePath, uint64_t>> SizesOf(const ModelFiles& model) {
  std::vector<std::pair<SafePath, uint64_t>> sizes;
  for (const auto& [path, content] : model) sizes.emplace_back(SafePath::Parse(path).value(), content.size());
  return sizes;
}

// A life with everything that changes the disk. May be begun again after it was cut short.
class Life {
 public:
  Life(Store& store, Promises& promises) : store_(store), promises_(promises) {}

  Status Run() {
    RETURN_IF_ERROR(Add(kFirst));
    RETURN_IF_ERROR(View(kFirst, Layout::kPlain, ""));
    RETURN_IF_ERROR(View(kFirst, Layout::kHf, "/models--org--name/snapshots/" + std::string(40, 'c')));
    RETURN_IF_ERROR(Hold({"volume", "/target", "ns/pod", ManifestOf(kFirst).Id(), ""}));
    RETURN_IF_ERROR(Early());
    RETURN_IF_ERROR(Add(kSecond));
    RETURN_IF_ERROR(Add(kThird));
    RETURN_IF_ERROR(View(kThird, Layout::kPlain, ""));
    RETURN_IF_ERROR(Release("volume", "/target"));
    return Remove({kFirst, kThird});
  }

 private:
  Status Add(const ModelFiles& model) {
    auto added = AddModel(store_, model);
    // A removal that an error had cut short was carried out first, and took the blobs: "fetch the model again".
    if (added.status().code() == StatusCode::kAborted) added = AddModel(store_, model);
    if (!added.ok()) return added.status();
    promises_.models[*added] = model;
    for (const auto& [path, content] : model) promises_.removed.erase(Digest::Of(content));
    return OkStatus();
  }
  Status View(const ModelFiles& model, Layout layout, const std::string& below) {
    ASSIGN_OR_RETURN(const std::string view, store_.views().Make(ManifestOf(model).Id(), layout, kUri));
    promises_.views[view + below] = model;
    return OkStatus();
  }
  Status Hold(const Lease& lease) {
    RETURN_IF_ERROR(store_.leases().Put(lease));
    promises_.leases[lease.volume_id] = lease;
    return OkStatus();
  }
  Status Release(const std::string& volume, const std::string& target) {
    promises_.leases.erase(volume);
    return store_.leases().Remove(volume, target);
  }
  Status Early() {
    ASSIGN_OR_RETURN(const std::string view,
                     store_.views().OpenEarly("early", Layout::kHfRepo, OriginOf(kFirst), SizesOf(kFirst)));
    RETURN_IF_ERROR(Hold({"early", "/early", "", std::nullopt, view}));
    for (const auto& [path, content] : kFirst) {
      RETURN_IF_ERROR(store_.views().AddToEarly(view, SafePath::Parse(path).value(), Digest::Of(content)));
    }
    RETURN_IF_ERROR(store_.views().CompleteEarly(view, ManifestOf(kFirst).Id()));
    return Release("early", "/early");
  }
  Status Remove(const std::vector<ModelFiles>& models) {
    std::vector<Digest> ids;
    ids.reserve(models.size());
    for (const ModelFiles& model : models) ids.push_back(ManifestOf(model).Id());
    for (const Digest& id : ids) promises_.models.erase(id);
    promises_.views.clear();
    for (const auto& freed : store_.models().RemoveAll(ids, {})) {
      if (!freed.ok() && freed.status().code() != StatusCode::kNotFound) return freed.status();
    }
    for (const ModelFiles& model : models) {
      for (const auto& [path, content] : model) {
        if (content != kShared) promises_.removed.insert(Digest::Of(content));
      }
    }
    return OkStatus();
  }

  Store& store_;
  Promises& promises_;
};

class CrashTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Store>> Open(const std::string& boot_id = "boot-1") {
    StoreOptions options{kRoot, 0, 0, SmallPieces()};
    options.ingest.boot_id = boot_id;
    return Store::Open(options, *files_, clock_);
  }
  std::string Read(const std::string& path) {
    auto content = ReadSmallFile(*files_, path, 1 << 20);
    EXPECT_TRUE(content.ok()) << content.status();
    return content.ok() ? *content : "";
  }

  // Whatever happened: blobs are what their names say, and views hold nothing but such blobs.
  void CheckDisk() {
    const auto blobs = files_->List(std::string(kRoot) + "/blobs/sha256").value();
    for (const DirEntry& blob : blobs) {
      EXPECT_EQ(Digest::Of(Read(std::string(kRoot) + "/blobs/sha256/" + blob.name)).Hex(), blob.name.substr(0, 64));
      EXPECT_EQ(blob.info.mode, 0444);
    }
    CheckViews(std::string(kRoot) + "/views", 0);
    EXPECT_TRUE(files_->List(std::string(kRoot) + "/tmp")->empty());
  }
  void CheckViews(const std::string& path, int depth) {
    const auto entries = files_->List(path).value();
    for (const DirEntry& entry : entries) {
      const std::string child = path + "/" + entry.name;
      if (entry.info.type == FileInfo::Type::kDirectory) {
        if (entry.name != ".ballast") CheckViews(child, depth + 1);
      } else if (depth > 1) {  // below views/<name>/data
        EXPECT_EQ(entry.info.mode, 0444) << child;
        const std::string content = Read(child);
        if (content.empty()) continue;
        EXPECT_GE(entry.info.links, 2) << child;
        EXPECT_TRUE(files_->Stat(std::string(kRoot) + "/blobs/sha256/" + Digest::Of(content).Hex()).ok()) << child;
      }
    }
  }
  // What `ballast verify --deep` would find.
  void CheckStore(const Store& store) {
    const auto findings = store.Check();
    ASSERT_TRUE(findings.ok()) << findings.status();
    for (const Finding& finding : *findings)
      ADD_FAILURE() << finding.invariant << " " << finding.path << " " << finding.problem;
    CheckDisk();
  }
  void CheckPromises(Store& store, const Promises& promises, bool rebooted = false) {
    for (const auto& [id, model] : promises.models) {
      const auto stored = store.models().Find(id);
      ASSERT_TRUE(stored.has_value());
      EXPECT_EQ(stored->manifest, ManifestOf(model));
      for (const auto& [path, content] : model) {
        const auto damage = store.blobs().Verify(Digest::Of(content), [](uint64_t) { return true; });
        ASSERT_TRUE(damage.ok()) << damage.status();
        EXPECT_FALSE(damage->has_value()) << (*damage)->problem;
      }
    }
    for (const auto& [view, model] : promises.views) {
      for (const auto& [path, content] : model) EXPECT_EQ(Read(StrCat(kRoot, "/", view, "/", path)), content);
    }
    const auto leases = store.leases().List();
    if (rebooted) {
      EXPECT_THAT(leases, ::testing::IsEmpty());  // no mount is left that they could stand for
    } else {
      for (const auto& [volume, lease] : promises.leases) EXPECT_THAT(leases, ::testing::Contains(lease));
    }
    for (const Digest& blob : promises.removed) EXPECT_EQ(store.blobs().Size(blob), std::nullopt);
  }
  // The whole life again, on the disk as it is now; nothing but the second model is left.
  void CheckItGoesOn(Store& store) {
    Promises promises;
    ASSERT_EQ(Life(store, promises).Run(), OkStatus());
    CheckPromises(store, promises);
    CheckStore(store);
    EXPECT_EQ(store.models().List().size(), 1);
    EXPECT_THAT(store.leases().List(), ::testing::IsEmpty());
    EXPECT_THAT(*files_->List(std::string(kRoot) + "/views"), ::testing::IsEmpty());
    EXPECT_THAT(*files_->List(std::string(kRoot) + "/ingest"), ::testing::IsEmpty());
  }

  // One life, cut at mutation `at` by an error that stays. False: it ended before.
  bool CutLife(int at, Promises& promises) {
    files_ = std::make_unique<CrashFileSystem>();
    int mutations = 0;
    files_->SetHook([&, at](std::string_view, const std::string&) {
      return mutations++ < at ? OkStatus() : Unavailable("the power is gone");
    });
    const auto store = Open();
    if (store.ok()) (void)Life(**store, promises).Run();
    return mutations > at;
  }
  void ReplayAll(PowerLoss loss, uint32_t seed) {
    int at = 0;
    for (;; ++at) {
      SCOPED_TRACE(::testing::Message() << "cut at mutation " << at << ", seed " << seed);
      Promises promises;
      const bool cut = CutLife(at, promises);
      files_->Crash(loss, seed + static_cast<uint32_t>(at));
      const auto store = Open(loss == PowerLoss::kKeepAll ? "boot-1" : "boot-2");
      ASSERT_TRUE(store.ok()) << store.status();
      CheckStore(**store);
      CheckPromises(**store, promises, loss != PowerLoss::kKeepAll);
      CheckItGoesOn(**store);
      if (!cut || HasFailure()) break;
    }
    EXPECT_GT(at, 200);  // as many states at least, of ingests, commits, views, leases and removals
  }

  std::unique_ptr<CrashFileSystem> files_ = std::make_unique<CrashFileSystem>();
  FakeClock clock_;
};

TEST_F(CrashTest, KillAtEveryMutationLosesNothingPromised) { ReplayAll(PowerLoss::kKeepAll, 0); }

TEST_F(CrashTest, PowerLossAtEveryMutationLosesNothingPromised) { ReplayAll(PowerLoss::kDropAll, 0); }

TEST_F(CrashTest, PartialPowerLossAtEveryMutationLosesNothingPromised) {
  for (uint32_t seed = 0; seed < 2; ++seed) ReplayAll(PowerLoss::kDropSome, 1000 * seed);
}

// Once the error is over the same process goes on.
TEST_F(CrashTest, ErrorAtEveryMutationIsRecoveredFrom) {
  for (const Status& error : {ErrnoStatus(ENOSPC, "write"), ErrnoStatus(EDQUOT, "write"), ErrnoStatus(EIO, "write")}) {
    bool failed = true;
    for (int at = 0; failed; ++at) {
      SCOPED_TRACE(::testing::Message() << error << " at mutation " << at);
      files_ = std::make_unique<CrashFileSystem>();
      auto store = Open();
      ASSERT_TRUE(store.ok()) << store.status();
      int mutations = 0;
      files_->SetHook([&](std::string_view, const std::string&) { return mutations++ == at ? error : OkStatus(); });
      Promises promises;
      (void)Life(**store, promises).Run();
      failed = mutations > at;
      files_->SetHook(nullptr);
      CheckPromises(**store, promises);
      CheckItGoesOn(**store);
      store->reset();
      store = Open();
      ASSERT_TRUE(store.ok()) << store.status();
      CheckStore(**store);
      ASSERT_FALSE(HasFailure());
    }
  }
}

TEST_F(CrashTest, AViewThatHadNoRoomLeavesNothingBehind) {
  for (const bool early : {false, true}) {
    bool failed = true;
    for (int at = 0; failed; ++at) {
      SCOPED_TRACE(::testing::Message() << (early ? "early, " : "") << "no room at mutation " << at);
      files_ = std::make_unique<CrashFileSystem>();
      auto store = Open().value();
      const Digest model = AddModel(*store, kFirst).value();
      int mutations = 0;
      files_->SetHook([&, at](std::string_view operation, const std::string&) {
        const bool takes_room = operation == "create" || operation == "write" || operation == "mkdir";
        return takes_room && mutations++ == at ? ErrnoStatus(ENOSPC, operation) : OkStatus();
      });
      const auto view = early
                            ? store->views().OpenEarly("v", Layout::kHfRepo, OriginOf(kFirst), SizesOf(kFirst)).status()
                            : store->views().Make(model, Layout::kHf, kUri).status();
      failed = mutations > at;
      EXPECT_EQ(view.ok(), !failed);
      EXPECT_TRUE(files_->List(std::string(kRoot) + "/tmp")->empty());
      ASSERT_FALSE(HasFailure());
    }
  }
}

// Not one block is free, and the power may go at any moment of the removal.
TEST_F(CrashTest, AFullDiskKeepsNothingFromBeingRemoved) {
  bool cut = true;
  for (int at = 0; cut; ++at) {
    SCOPED_TRACE(::testing::Message() << "cut at mutation " << at);
    files_ = std::make_unique<CrashFileSystem>();
    auto store = Open().value();
    const Digest first = AddModel(*store, kFirst).value(), third = AddModel(*store, kThird).value();
    ASSERT_TRUE(store->views().Make(first, Layout::kHf, kUri).ok());
    int mutations = 0;
    files_->SetHook([&, at](std::string_view operation, const std::string&) {
      if (operation == "create" || operation == "write" || operation == "allocate" || operation == "mkdir")
        return ResourceExhausted("no space left on device");
      return mutations++ < at ? OkStatus() : Unavailable("the power is gone");
    });
    const auto removed = store->models().Remove(first);
    cut = mutations > at;
    if (!cut) {
      ASSERT_TRUE(removed.ok()) << removed.status();
      EXPECT_EQ(store->blobs().Size(Digest::Of(kFirst.at("dir/config.json"))), std::nullopt);
    }
    store.reset();
    files_->Crash(PowerLoss::kDropAll, 0);
    store = Open("boot-2").value();
    CheckStore(*store);
    EXPECT_TRUE(store->models().Find(third).has_value());
    ASSERT_TRUE(AddModel(*store, kFirst).ok());
    ASSERT_TRUE(store->models().Remove(first).ok());
    EXPECT_EQ(store->blobs().Size(Digest::Of(kFirst.at("dir/config.json"))), std::nullopt);
    ASSERT_FALSE(HasFailure());
  }
}

// A blob is found damaged while its model is mounted: whatever the moment, the volume keeps its files, and the model is
// either whole or fetched again.
TEST_F(CrashTest, ADamagedBlobGoesAtEveryMutationOrNotAtAll) {
  const Lease lease{"volume", "/target", "ns/pod", ManifestOf(kFirst).Id(), ""};
  const auto begin = [&](Store& store) {
    ASSERT_TRUE(AddModel(store, kFirst).ok());
    Lease held = lease;
    held.view = store.views().Make(*lease.manifest, Layout::kPlain, "").value();
    ASSERT_EQ(store.leases().Put(held), OkStatus());
  };
  const auto check_volume = [&](Store& store) {
    const std::vector<Lease> leases = store.leases().List();
    ASSERT_EQ(leases.size(), 1U);
    for (const auto& [path, content] : kFirst) EXPECT_EQ(Read(StrCat(kRoot, "/", leases[0].view, "/", path)), content);
  };
  for (const bool killed : {true, false}) {
    bool cut = true;
    for (int at = 0; cut; ++at) {
      SCOPED_TRACE(::testing::Message() << (killed ? "killed" : "failed") << " at mutation " << at);
      files_ = std::make_unique<CrashFileSystem>();
      auto store = Open().value();
      begin(*store);
      int mutations = 0;
      files_->SetHook([&, at](std::string_view, const std::string&) {
        const bool fails = killed ? mutations >= at : mutations == at;
        ++mutations;
        return fails ? Unavailable("the power is gone") : OkStatus();
      });
      const auto discarded = store->models().Discard(Digest::Of(kShared));
      cut = mutations > at;
      files_->SetHook(nullptr);
      if (killed) {
        store.reset();
        files_->Crash(PowerLoss::kKeepAll, 0);
        store = Open().value();
      } else if (!discarded.ok()) {
        const auto again = store->models().Discard(Digest::Of(kShared));
        ASSERT_TRUE(again.ok()) << again.status();
      }
      check_volume(*store);
      const bool here = store->models().Find(*lease.manifest).has_value();
      EXPECT_EQ(here, store->blobs().Size(Digest::Of(kShared)).has_value());
      ASSERT_TRUE(AddModel(*store, kFirst).ok());
      const std::string view = store->views().Make(*lease.manifest, Layout::kPlain, "").value();
      EXPECT_EQ(Read(StrCat(kRoot, "/", view, "/weights")), kShared);
      check_volume(*store);
      ASSERT_EQ(store->leases().Remove("volume", "/target"), OkStatus());
      EXPECT_LE(files_->List(std::string(kRoot) + "/views")->size(), 1U) << "only what can be mounted is left";
      ASSERT_FALSE(HasFailure());
    }
  }
}

TEST_F(CrashTest, ABlobThatTheDiskDoesNotReadIsDamagedAndComesAnew) {
  auto store = Open().value();
  const Digest model = AddModel(*store, kFirst).value(), blob = Digest::Of(kShared);
  files_->SetUnreadable(blob.Hex());
  const auto damage = store->blobs().Verify(blob, [](uint64_t) { return true; });
  ASSERT_TRUE(damage.ok()) << damage.status();
  ASSERT_TRUE(damage->has_value());
  EXPECT_THAT((*damage)->problem, ::testing::HasSubstr("cannot be read"));
  ASSERT_TRUE(store->models().Discard(blob).ok());
  EXPECT_FALSE(store->models().Find(model).has_value());
  files_->SetUnreadable("");  // the new copy lies elsewhere on the disk
  ASSERT_TRUE(AddModel(*store, kFirst).ok());
  CheckStore(*store);
}

TEST_F(CrashTest, FailedSyncOfABlobIsNotTriedAgain) {
  auto store = Open().value();
  int syncs = 0;
  files_->SetHook([&](std::string_view operation, const std::string& path) {
    const bool data = operation == "sync" && path.ends_with("/data");
    return data && ++syncs == 1 ? DataLoss("input/output error") : OkStatus();
  });
  const auto committed = AddBlob(store->blobs(), kShared);
  EXPECT_EQ(committed.status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(syncs, 1);
  const auto ingest = store->blobs().OpenIngest(ExpectedOf(kShared)).value();
  EXPECT_EQ(ingest->pieces().have_count(), 0);
}

TEST_F(CrashTest, FailedSyncOfSmallBlobsForgetsThem) {
  for (const int count : {1, 40}) {  // synced one by one, all together
    files_ = std::make_unique<CrashFileSystem>();
    auto store = Open().value();
    ModelFiles model;
    for (int i = 0; i < count; ++i) model[StrCat("file", i)] = RandomContent(10, static_cast<uint32_t>(i));
    for (const auto& [path, content] : model) ASSERT_TRUE(AddBlob(store->blobs(), content).ok());
    int syncs = 0;
    files_->SetHook([&](std::string_view operation, const std::string&) {
      const bool sync = operation == "sync" || operation == "syncall";
      return sync && ++syncs == 1 ? DataLoss("input/output error") : OkStatus();
    });
    EXPECT_EQ(store->models().Put(ManifestOf(model), OriginOf(model)).code(), StatusCode::kDataLoss);
    for (const auto& [path, content] : model) EXPECT_EQ(store->blobs().Size(Digest::Of(content)), std::nullopt);
    EXPECT_TRUE(AddModel(*store, model).ok());
    store.reset();
    files_->Crash(PowerLoss::kDropAll);
    store = Open("boot-2").value();
    Promises promises;
    promises.models[ManifestOf(model).Id()] = model;
    CheckPromises(*store, promises);
  }
}

// The names are in their place before the index hears of it, and a disk takes its time to make them durable.
TEST_F(CrashTest, ASmallBlobIsSoundAndServedWhileItBecomesDurable) {
  auto store = Open().value();
  const ModelFiles model{{"config", RandomContent(10, 1)}};
  const Digest digest = Digest::Of(model.at("config"));
  ASSERT_TRUE(AddBlob(store->blobs(), model.at("config")).ok());
  int looks = 0;
  files_->SetHook([&](std::string_view operation, const std::string& path) {
    if (operation != "syncdir" || !path.ends_with("/sha256")) return OkStatus();
    ++looks;
    EXPECT_EQ(store->blobs().Verify(digest, [](uint64_t) { return true; }).value(), std::nullopt);
    EXPECT_TRUE(store->blobs().OpenForServing(digest).ok());
    return OkStatus();
  });
  EXPECT_EQ(store->models().Put(ManifestOf(model), OriginOf(model)), OkStatus());
  EXPECT_EQ(looks, 1);
}

// Pieces whose write returned OK are not asked for again after a kill; after a power loss none that is claimed is
// wrong.
TEST_F(CrashTest, IngestResumesWithWhatIsReallyThere) {
  const std::string content = RandomContent(5 * 4096 + 10, 6);
  for (const PowerLoss loss : {PowerLoss::kKeepAll, PowerLoss::kDropAll, PowerLoss::kDropSome}) {
    bool cut = true;
    for (int at = 0; cut; ++at) {
      SCOPED_TRACE(::testing::Message() << "cut at mutation " << at);
      files_ = std::make_unique<CrashFileSystem>();
      auto store = Open().value();
      ASSERT_EQ(files_->SyncAll("/"), OkStatus());
      int mutations = 0;
      files_->SetHook([&, at](std::string_view, const std::string&) {
        return mutations++ < at ? OkStatus() : Unavailable("the power is gone");
      });
      std::set<uint32_t> written;
      if (auto ingest = store->blobs().OpenIngest(ExpectedOf(content)); ingest.ok()) {
        for (uint32_t piece : {3U, 0U, 5U, 1U, 4U, 2U}) {
          const ByteRange range = (*ingest)->pieces().Range(piece);
          const auto writer = (*ingest)->OpenRange(range).value();
          Status status = writer->Append(std::as_bytes(std::span(content)).subspan(range.begin, range.size()));
          if (status.ok()) status = writer->Flush();
          if (status.ok()) written.insert(piece);
        }
      }
      cut = mutations > at;
      store.reset();
      files_->Crash(loss, static_cast<uint32_t>(at));
      store = Open(loss == PowerLoss::kKeepAll ? "boot-1" : "boot-2").value();
      auto ingest = store->blobs().OpenIngest(ExpectedOf(content)).value();
      if (loss == PowerLoss::kKeepAll) {
        for (const uint32_t piece : written) EXPECT_TRUE(ingest->pieces().has(piece)) << piece;
      }
      ASSERT_EQ(Receive(*ingest, content), OkStatus());
      EXPECT_EQ(store->blobs().Commit(std::move(ingest)).value(), Digest::Of(content));
      ASSERT_FALSE(HasFailure());
    }
  }
}

TEST_F(CrashTest, NoRoomIsSaidWithNumbersAndLeavesNothing) {
  files_->SetSpace(50'000);
  auto store = Open().value();
  const auto ingest = store->blobs().OpenIngest({60'000, Digest::Of("x"), {}, ""});
  EXPECT_EQ(ingest.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(ingest.status().message(), ::testing::HasSubstr("needs 58.6 KiB"));
  EXPECT_THAT(*files_->List(std::string(kRoot) + "/ingest"), ::testing::IsEmpty());
}

TEST_F(CrashTest, IdleIngestGivesWayWhenTheRoomIsNeeded) {
  files_->SetSpace(50'000);
  auto store = Open().value();
  ASSERT_TRUE(store->blobs().OpenIngest({30'000, Digest::Of("idle"), {}, ""}).ok());
  const auto busy = store->blobs().OpenIngest({10'000, Digest::Of("busy"), {}, ""});
  ASSERT_TRUE(busy.ok()) << busy.status();
  EXPECT_TRUE(store->blobs().OpenIngest({35'000, Digest::Of("x"), {}, ""}).ok());
  EXPECT_EQ(store->blobs().OpenIngest({45'000, Digest::Of("y"), {}, ""}).status().code(),
            StatusCode::kResourceExhausted);
}

TEST_F(CrashTest, FurtherCopyIsMadeWhereTheFileSystemAllowsNoMoreLinks) {
  files_->SetMaxLinks(3);
  auto store = Open().value();
  ModelFiles model;
  for (int i = 0; i < 10; ++i) model["file" + std::to_string(i)] = kShared;
  const Digest id = AddModel(*store, model).value();
  const uint64_t used = store->GetUsage().used_bytes;
  const std::string view = store->views().Make(id, Layout::kPlain, kUri).value();
  for (const auto& [path, content] : model) EXPECT_EQ(Read(StrCat(kRoot, "/", view, "/", path)), content);
  EXPECT_EQ(files_->List(std::string(kRoot) + "/blobs/sha256")->size(), 5);
  EXPECT_EQ(store->GetUsage().blobs, 1);
  EXPECT_EQ(store->GetUsage().used_bytes, used + uint64_t{4} * 12'288);
  CheckDisk();
  store.reset();
  store = Open().value();
  EXPECT_EQ(store->GetUsage().used_bytes, used + uint64_t{4} * 12'288);
  EXPECT_EQ(store->models().Remove(id).value(), uint64_t{5} * 12'288);
  EXPECT_THAT(*files_->List(std::string(kRoot) + "/blobs/sha256"), ::testing::IsEmpty());
}

}  // namespace
}  // namespace ballast
