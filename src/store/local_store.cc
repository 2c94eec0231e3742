// Store::Open: the directory is ours alone, of a format that we know, and free of what a crash left half-done.
#include <unistd.h>

#include "base/logging.h"
#include "base/strings.h"
#include "store/boot_id.h"
#include "store/local_blob_store.h"
#include "store/local_lease_store.h"
#include "store/local_model_store.h"
#include "store/local_store_check.h"
#include "store/local_view_store.h"
#include "store/manifest_catalog.h"
#include "store/store.h"

namespace ballast {
namespace {

constexpr std::string_view kFormatPrefix = "ballast-store ";

Status CheckOwner(FileSystem& files, const std::string& root) {
  ASSIGN_OR_RETURN(const FileInfo info, files.Stat(root));
  if (info.type != FileInfo::Type::kDirectory) {
    return FailedPrecondition(
        StrCat(root, " is no directory (a symbolic link is none); set cache.dir to the real directory's path"));
  }
  const uint32_t uid = ::geteuid();
  if (info.uid != uid) {
    return FailedPrecondition(StrCat("the cache directory ", root, " belongs to uid ", info.uid,
                                     ", this process runs as uid ", uid, "; run: chown -R ", uid, " ", root));
  }
  constexpr uint32_t kWritableByOthers = 022;
  if ((info.mode & kWritableByOthers) != 0) {
    return FailedPrecondition(StrCat("others can write to the cache directory ", root,
                                     ", so its content cannot be trusted; run: chmod go-w ", root));
  }
  return OkStatus();
}

Result<std::unique_ptr<File>> TakeLock(FileSystem& files, const StorePaths& paths) {
  constexpr uint64_t kLimit = 100;
  ASSIGN_OR_RETURN(auto lock, files.Open(paths.Lock(), OpenMode::kOpenOrCreate));
  ASSIGN_OR_RETURN(const bool locked, lock->TryLock());
  if (!locked) {
    const auto pid = ReadSmallFile(files, paths.Lock(), kLimit);
    return FailedPrecondition(StrCat("another ballastd (pid ", pid.ok() ? Trim(*pid) : "unknown", ") uses ", paths.root,
                                     "; stop it or give this one its own cache directory"));
  }
  constexpr size_t kWidth = 20;
  std::string pid = std::to_string(::getpid());
  pid.resize(kWidth, ' ');
  RETURN_IF_ERROR(lock->Write(0, std::as_bytes(std::span(pid))));
  return lock;
}

Status CheckFormat(FileSystem& files, const StorePaths& paths) {
  constexpr uint64_t kLimit = 100;
  const auto text = ReadSmallFile(files, paths.Format(), kLimit);
  if (text.status().code() == StatusCode::kNotFound) {
    return WriteSmallFile(files, paths.Format(), StrCat(kFormatPrefix, kStoreFormat, "\n"));
  }
  if (!text.ok()) return text.status();
  uint64_t format = 0;
  const std::string_view line = Trim(*text);
  const bool known = line.starts_with(kFormatPrefix) && ParseUint64(line.substr(kFormatPrefix.size()), format);
  if (!known) {
    return FailedPrecondition(StrCat(paths.Format(), " says ", Quoted(line), ", which is no format of Ballast; is ",
                                     paths.root, " the right directory?"));
  }
  if (format <= kStoreFormat) return OkStatus();
  return Unimplemented(StrCat(paths.root, " was written by a newer Ballast (format ", format,
                              ", this version knows up to ", kStoreFormat,
                              "); run that version again or use an empty directory"));
}

Status MakeRoot(FileSystem& files, const std::string& root) {
  Status made = files.MakeDirectory(root);
  if (made.code() == StatusCode::kNotFound) {
    return NotFound(
        StrCat("the directory ", ParentPath(root), " is not there; make it, or name another cache directory"));
  }
  if (made.code() == StatusCode::kAlreadyExists) return OkStatus();
  return made.ok() ? files.SyncDirectory(ParentPath(root)) : made;
}

Status MakeDirectories(FileSystem& files, const StorePaths& paths) {
  RETURN_IF_ERROR(EnsureDirectories(files, paths.root, "blobs/sha256"));
  RETURN_IF_ERROR(RemoveTree(files, paths.Temporary()));
  for (const std::string& path :
       {paths.Ingest(), paths.Pending(), paths.Manifests(), paths.Leases(), paths.Views(), paths.Temporary()}) {
    RETURN_IF_ERROR(EnsureDirectory(files, path));
  }
  RETURN_IF_ERROR(files.SyncDirectory(paths.root + "/blobs"));
  return files.SyncDirectory(paths.root);
}

// What a kill left of files that are written beside and renamed; leases and manifests look after theirs.
Status RemoveUnfinished(FileSystem& files, const std::string& folder) {
  const auto entries = files.List(folder);
  if (!entries.ok()) return IgnoreNotFound(entries.status());
  for (const DirEntry& entry : *entries) {
    if (IsUnfinished(entry)) RETURN_IF_ERROR(files.Remove(folder + "/" + entry.name));
  }
  return OkStatus();
}

class LocalStore final : public Store {
 public:
  LocalStore(StoreOptions options, FileSystem& files, const Clock& clock)
      : paths_{options.root}, options_(std::move(options)), files_(files), clock_(clock) {}

  Status KeepWatch() override { return watched_->Save(); }

  Status Open() {
    RETURN_IF_ERROR(MakeRoot(files_, paths_.root));
    RETURN_IF_ERROR(CheckOwner(files_, paths_.root));
    ASSIGN_OR_RETURN(lock_, TakeLock(files_, paths_));
    RETURN_IF_ERROR(CheckFormat(files_, paths_));
    for (const std::string& folder : {paths_.root, paths_.Pieces()}) RETURN_IF_ERROR(RemoveUnfinished(files_, folder));
    RETURN_IF_ERROR(MakeDirectories(files_, paths_));
    BlobStoreOptions options;
    options.quota_bytes = options_.quota_bytes;
    options.min_available = options_.min_available;
    options.ingest = options_.ingest;
    if (options.ingest.boot_id.empty()) {
      ASSIGN_OR_RETURN(options.ingest.boot_id, RunningBootId());
    }
    ASSIGN_OR_RETURN(blobs_, LocalBlobStore::Open(paths_, files_, options));
    watched_ = std::make_unique<WatchedTime>(paths_.Watched(), files_, clock_);
    ASSIGN_OR_RETURN(catalog_, ManifestCatalog::Open(paths_, files_, clock_, *watched_));
    ASSIGN_OR_RETURN(views_, LocalViewStore::Open(paths_, files_, *blobs_, *catalog_));
    const auto on_change = [this](const Lease& lease, bool removed) { OnLease(lease, removed); };
    ASSIGN_OR_RETURN(leases_, LocalLeaseStore::Open(paths_, files_, options.ingest.boot_id, on_change));
    models_ = std::make_unique<LocalModelStore>(paths_, files_, *blobs_, *catalog_, *views_, *leases_);
    RETURN_IF_ERROR(models_->FinishRemovals());
    RETURN_IF_ERROR(models_->ForgetIncomplete());
    return RemoveUnusedEarlyViews();
  }

  BlobStore& blobs() override { return *blobs_; }
  ModelStore& models() override { return *models_; }
  ViewStore& views() override { return *views_; }
  LeaseStore& leases() override { return *leases_; }
  const std::string& root() const override { return paths_.root; }
  RoomLimits room_limits() const override { return blobs_->room_limits(); }
  void SetRoomLimits(const RoomLimits& limits) override { blobs_->SetRoomLimits(limits); }

  Result<std::vector<Finding>> Check() const override {
    return CheckLocalStore(paths_, files_, *blobs_, *views_, *leases_);
  }

  Usage GetUsage() const override {
    Usage usage;
    usage.used_bytes = blobs_->AllocatedBytes() + catalog_->AllocatedBytes();
    usage.unfinished_bytes = blobs_->UnfinishedBytes();
    usage.reserved_bytes = blobs_->ReservedBytes();
    usage.blobs = blobs_->Count();
    const auto space = files_.Space(paths_.root);
    if (!space.ok()) return usage;  // the disk is gone: nothing is free
    usage.disk_free_bytes = space->available;
    usage.disk_total_bytes = space->total;
    return usage;
  }

 private:
  void OnLease(const Lease& lease, bool removed) {
    if (lease.manifest) catalog_->Touch(*lease.manifest);
    const bool opening = leases_ == nullptr;
    if (!removed || opening || !leases_->CheckUnused(std::nullopt, {lease.view}).ok()) return;
    const Status gone = views_->RemoveEarly(lease.view);
    if (!gone.ok()) LOG(WARNING) << Message("Cannot remove an early view").With("error", gone);
  }

  Status RemoveUnusedEarlyViews() {
    for (const std::string& view : views_->EarlyViews()) {
      if (leases_->CheckUnused(std::nullopt, {view}).ok()) RETURN_IF_ERROR(views_->RemoveEarly(view));
    }
    return OkStatus();
  }

  const StorePaths paths_;
  const StoreOptions options_;
  FileSystem& files_;
  const Clock& clock_;
  std::unique_ptr<File> lock_;
  std::unique_ptr<LocalBlobStore> blobs_;
  std::unique_ptr<WatchedTime> watched_;
  std::unique_ptr<ManifestCatalog> catalog_;
  std::unique_ptr<LocalViewStore> views_;
  std::unique_ptr<LocalLeaseStore> leases_;
  std::unique_ptr<LocalModelStore> models_;
};

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(StoreOptions options, FileSystem& files, const Clock& clock) {
  auto store = std::make_unique<LocalStore>(std::move(options), files, clock);
  RETURN_IF_ERROR(store->Open());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace ballast
