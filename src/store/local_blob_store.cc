#include "store/local_blob_store.h"

#include "base/logging.h"
#include "base/strings.h"
#include "store/file_blob.h"
#include "store/file_digest.h"

namespace ballast {

// ---- opening

Result<std::unique_ptr<LocalBlobStore>> LocalBlobStore::Open(StorePaths paths, FileSystem& files,
                                                             BlobStoreOptions options) {
  std::unique_ptr<LocalBlobStore> store(new LocalBlobStore(std::move(paths), files, std::move(options)));
  RETURN_IF_ERROR(store->LoadBlobs());
  RETURN_IF_ERROR(store->LoadIngests());
  RETURN_IF_ERROR(store->LoadPending());
  ASSIGN_OR_RETURN(GitIndex git_index, GitIndex::Open(files, store->paths_.GitIndex()));
  MutexLock lock(store->mutex_);
  store->git_index_ = std::move(git_index);
  return store;
}

Status LocalBlobStore::LoadBlobs() {
  ASSIGN_OR_RETURN(const auto entries, files_.List(paths_.Blobs()));
  MutexLock lock(mutex_);
  for (const DirEntry& entry : entries) {
    const auto name = BlobFileName::Parse(entry.name);
    if (name && entry.info.type == FileInfo::Type::kFile) {
      index_.AddFile(*name, entry.info);
    } else {
      LOG(WARNING) << Message("Ignoring what is no blob").With("file", paths_.Blobs() + "/" + entry.name);
    }
  }
  return OkStatus();
}

// A folder without data is what a commit left; a file is what a small commit left.
Status LocalBlobStore::LoadIngests() {
  ASSIGN_OR_RETURN(const auto entries, files_.List(paths_.Ingest()));
  for (const DirEntry& entry : entries) {
    const std::string path = paths_.Ingest() + "/" + entry.name;
    if (entry.info.type != FileInfo::Type::kDirectory) {
      RETURN_IF_ERROR(files_.Remove(path));
      continue;
    }
    const auto data = files_.Stat(path + "/data");
    if (!data.ok()) {
      RETURN_IF_ERROR(RemoveTree(files_, path));
      continue;
    }
    MutexLock lock(mutex_);
    folders_[entry.name].allocated = data->allocated;
  }
  return OkStatus();
}

Status LocalBlobStore::LoadPending() {
  ASSIGN_OR_RETURN(const auto entries, files_.List(paths_.Pending()));
  for (const DirEntry& entry : entries) RETURN_IF_ERROR(LoadPendingFile(entry));
  return OkStatus();
}

// Nothing promised that its bytes outlive a power loss: they are read again.
Status LocalBlobStore::LoadPendingFile(const DirEntry& entry) {
  const std::string path = paths_.Pending() + "/" + entry.name;
  const auto name = BlobFileName::Parse(entry.name);
  const auto found = DigestOf(files_, path);
  if (!name || name->copy != 0 || !found.ok() || found->digest != name->digest) return files_.Remove(path);
  RETURN_IF_ERROR(files_.SetMode(path, kBlobMode));
  MutexLock lock(mutex_);
  if (index_.Find(name->digest)) return files_.Remove(path);
  index_.Add(name->digest, {found->size, entry.info.allocated, 1, true});
  pending_.emplace(name->digest, found->size);
  pending_bytes_ += found->size;
  return OkStatus();
}

// ---- asking

std::vector<StoredBlob> LocalBlobStore::List() const {
  MutexLock lock(mutex_);
  std::vector<StoredBlob> blobs;
  blobs.reserve(index_.size());
  for (const auto& [digest, entry] : index_.entries()) blobs.push_back({digest, entry.allocated});
  return blobs;
}

std::optional<BlobEntry> LocalBlobStore::Find(const Digest& digest) const {
  MutexLock lock(mutex_);
  return index_.Find(digest);
}

std::optional<uint64_t> LocalBlobStore::Size(const Digest& digest) const {
  const auto entry = Find(digest);
  return entry ? std::optional(entry->size) : std::nullopt;
}

std::optional<Digest> LocalBlobStore::FindByGitOid(const GitOid& oid) const {
  MutexLock lock(mutex_);
  const auto digest = git_index_->Find(oid);
  return digest && index_.Find(*digest) ? digest : std::nullopt;
}

uint64_t LocalBlobStore::AllocatedBytes() const {
  MutexLock lock(mutex_);
  uint64_t bytes = index_.allocated();
  for (const auto& [name, folder] : folders_) bytes += folder.allocated;
  return bytes;
}

uint64_t LocalBlobStore::ReservedBytes() const {
  MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const auto& [id, left] : reservations_) bytes += left;
  return bytes;
}

uint64_t LocalBlobStore::UnfinishedBytes() const {
  MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const auto& [name, folder] : folders_) bytes += folder.open ? 0 : folder.allocated;
  return bytes;
}

std::map<std::string, uint64_t> LocalBlobStore::IdleDownloads() const {
  MutexLock lock(mutex_);
  std::map<std::string, uint64_t> idle;
  for (const auto& [name, folder] : folders_) {
    if (!folder.open) idle.emplace(name, folder.allocated);
  }
  return idle;
}

bool LocalBlobStore::IsReceiving(const std::string& folder) const {
  MutexLock lock(mutex_);
  const auto found = folders_.find(folder);
  return found != folders_.end() && found->second.open;
}

uint32_t LocalBlobStore::Count() const {
  MutexLock lock(mutex_);
  return static_cast<uint32_t>(index_.size());
}

// ---- links

Status LocalBlobStore::Link(const Digest& digest, const std::string& path) {
  const auto entry = Find(digest);
  if (!entry) return NotFound(StrCat(digest.ToString(), " is not here"));
  if (entry->pending) RETURN_IF_ERROR(Flush());
  Status linked = files_.Link(paths_.Blob(digest, entry->copies - 1), path);
  if (linked.code() != StatusCode::kOutOfRange) return linked;
  RETURN_IF_ERROR(AddCopy(digest, entry->copies));
  return Link(digest, path);  // NOLINT(misc-no-recursion): once more, for a fresh copy
}

Status LocalBlobStore::AddCopy(const Digest& digest, uint32_t copy) {
  MutexLock link_lock(link_mutex_);
  const auto entry = Find(digest);
  if (!entry) return NotFound(StrCat(digest.ToString(), " is not here"));
  if (entry->copies != copy) return OkStatus();  // somebody was faster
  const std::string temporary = paths_.Temporary() + "/copy-" + digest.Hex();
  RETURN_IF_ERROR(IgnoreNotFound(files_.Remove(temporary)));
  RETURN_IF_ERROR(CopyFile(files_, paths_.Blob(digest), temporary, kBlobMode));
  ASSIGN_OR_RETURN(const FileDigest found, DigestOf(files_, temporary));
  if (found.digest != digest) return DataLoss(StrCat(digest.ToString(), " has become ", found.digest.ToString()));
  RETURN_IF_ERROR(files_.Rename(temporary, paths_.Blob(digest, copy)));
  RETURN_IF_ERROR(files_.SyncDirectory(paths_.Blobs()));
  ASSIGN_OR_RETURN(const FileInfo info, files_.Stat(paths_.Blob(digest, copy)));
  MutexLock lock(mutex_);
  index_.AddCopy(digest, info.allocated);
  return OkStatus();
}

Result<bool> LocalBlobStore::RemoveUnlinked(const Digest& digest) {
  const auto entry = Find(digest);
  if (!entry) return false;
  if (entry->pending) RETURN_IF_ERROR(Flush());
  for (uint32_t copy = 0; copy < entry->copies; ++copy) {
    const auto info = files_.Stat(paths_.Blob(digest, copy));
    if (info.ok() && info->links > 1) return false;
  }
  RETURN_IF_ERROR(RemoveFiles(digest, entry->copies));
  return true;
}

Status LocalBlobStore::Drop(const Digest& digest) {
  const auto entry = Find(digest);
  if (!entry) return OkStatus();
  if (entry->pending) RETURN_IF_ERROR(Flush());
  RETURN_IF_ERROR(RemoveFiles(digest, entry->copies));
  return files_.SyncDirectory(paths_.Blobs());
}

// Further copies first: a copy without the blob itself would be an orphan after a crash.
Status LocalBlobStore::RemoveFiles(const Digest& digest, uint32_t copies) {
  for (uint32_t copy = copies; copy-- > 0;) {
    RETURN_IF_ERROR(IgnoreNotFound(files_.Remove(paths_.Blob(digest, copy))));
  }
  MutexLock lock(mutex_);
  index_.Remove(digest);
  return OkStatus();
}

// ---- serving

Result<std::shared_ptr<BlobReader>> LocalBlobStore::OpenForServing(const Digest& digest) {
  {
    MutexLock lock(mutex_);
    const auto receiving = receiving_.find(digest);
    if (receiving != receiving_.end()) return receiving->second;
  }
  return OpenStored(digest);
}

Result<std::shared_ptr<BlobReader>> LocalBlobStore::OpenStored(const Digest& digest) const {
  const auto entry = Find(digest);
  if (!entry) return NotFound(StrCat(digest.ToString(), " is not here"));
  auto file = files_.Open(entry->pending ? paths_.PendingBlob(digest) : paths_.Blob(digest), OpenMode::kRead);
  if (entry->pending && file.status().code() == StatusCode::kNotFound)
    file = files_.Open(paths_.Blob(digest), OpenMode::kRead);  // a flush renames first, and tells the index later
  if (!file.ok()) return file.status();
  return std::shared_ptr<BlobReader>(std::make_shared<FileBlob>(*std::move(file), entry->size, digest.ToString()));
}

// ---- verifying

Result<std::optional<BlobDamage>> LocalBlobStore::Verify(const Digest& digest, const OnRead& on_read) const {
  const auto entry = Find(digest);
  if (!entry) return NotFound(StrCat(digest.ToString(), " is not here"));
  for (uint32_t copy = 0; copy < entry->copies; ++copy) {
    const std::string path = entry->pending ? paths_.PendingBlob(digest) : paths_.Blob(digest, copy);
    ASSIGN_OR_RETURN(auto damage, DamageOf(files_, path, digest, entry->size, on_read));
    if (damage && entry->pending && files_.Stat(path).status().code() == StatusCode::kNotFound) {
      // A flush renames first, and tells the index later.
      ASSIGN_OR_RETURN(damage, DamageOf(files_, paths_.Blob(digest, copy), digest, entry->size, on_read));
    }
    if (damage) return std::optional(BlobDamage{digest, *std::move(damage)});
  }
  return std::optional<BlobDamage>();
}

}  // namespace ballast
