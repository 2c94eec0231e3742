#include "store/local_blob_store.h"

#include <algorithm>

#include "base/logging.h"
#include "base/strings.h"
#include "store/failpoint.h"
#include "store/file_digest.h"
#include "store/memory_ingest.h"

namespace ballast {
namespace {

constexpr uint32_t kBlobMode = 0444;

Status IgnoreNotFound(const Status& status) { return status.code() == StatusCode::kNotFound ? OkStatus() : status; }

}  // namespace

// What a caller holds: remembers its folder, so that the store knows when nobody works on it.
class LocalBlobStore::OpenedIngest final : public Ingest {
 public:
  OpenedIngest(LocalBlobStore& store, std::string folder, std::unique_ptr<StagedIngest> staged)
      : store_(store), folder_(std::move(folder)), staged_(std::move(staged)) {}
  ~OpenedIngest() override {
    staged_.reset();  // frees its lock first
    store_.Close(folder_);
  }

  const ExpectedContent& expected() const override { return staged_->expected(); }
  PieceMap pieces() const override { return staged_->pieces(); }
  uint32_t hash_frontier() const override { return staged_->hash_frontier(); }
  Result<std::unique_ptr<RangeWriter>> OpenRange(ByteRange range) override { return staged_->OpenRange(range); }
  Result<Digest> Prove() override { return staged_->Prove(); }

  StagedIngest& staged() { return *staged_; }

 private:
  LocalBlobStore& store_;
  const std::string folder_;
  std::unique_ptr<StagedIngest> staged_;
};

class LocalBlobStore::Promise final : public Reservation {
 public:
  Promise(LocalBlobStore& store, uint64_t id) : store_(store), id_(id) {}
  ~Promise() override {
    MutexLock lock(store_.mutex_);
    store_.reservations_.erase(id_);
  }

 private:
  LocalBlobStore& store_;
  const uint64_t id_;
};

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

uint32_t LocalBlobStore::Count() const {
  MutexLock lock(mutex_);
  return static_cast<uint32_t>(index_.size());
}

// ---- room

Result<Room> LocalBlobStore::CurrentRoom() const {
  ASSIGN_OR_RETURN(const SpaceInfo space, files_.Space(paths_.root));
  Room room{options_.quota_bytes, options_.min_available, index_.allocated(), 0, space.available, space.total};
  for (const auto& [id, left] : reservations_) room.reserved += left;
  for (const auto& [name, folder] : folders_) (folder.open ? room.used : room.available) += folder.allocated;
  return room;
}

Result<std::unique_ptr<Reservation>> LocalBlobStore::Reserve(uint64_t bytes) {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const Room room, CurrentRoom());
  RETURN_IF_ERROR(CheckRoom(room, bytes));
  reservations_.emplace(next_reservation_, bytes);
  return std::unique_ptr<Reservation>(std::make_unique<Promise>(*this, next_reservation_++));
}

// Bytes that are on the disk now are not to be kept free any more.
void LocalBlobStore::UseReservations(uint64_t bytes) {
  for (auto& [id, left] : reservations_) {
    const uint64_t used = std::min(left, bytes);
    left -= used;
    bytes -= used;
  }
}

// Unfinished downloads that nobody works on give way.
Status LocalBlobStore::MakeRoom(uint64_t bytes) {
  ASSIGN_OR_RETURN(const SpaceInfo space, files_.Space(paths_.root));
  return space.available >= bytes ? OkStatus() : DiscardIdle(bytes - space.available);
}

Status LocalBlobStore::DiscardIdle(uint64_t wanted) {
  MutexLock lock(mutex_);
  for (auto folder = folders_.begin(); folder != folders_.end() && wanted > 0;) {
    if (folder->second.open) {
      ++folder;
      continue;
    }
    LOG(INFO) << Message("Dropping an unfinished download to make room").With("ingest", folder->first);
    RETURN_IF_ERROR(RemoveTree(files_, paths_.Ingest() + "/" + folder->first));
    wanted -= std::min(wanted, folder->second.allocated);
    folder = folders_.erase(folder);
  }
  return OkStatus();
}

// ---- receiving

Status LocalBlobStore::Claim(const std::string& name) {
  MutexLock lock(mutex_);
  Folder& folder = folders_[name];
  if (folder.open) return Aborted(StrCat("another download of ", name, " is running; try again when it has ended"));
  folder.open = true;
  return OkStatus();
}

void LocalBlobStore::Close(const std::string& name) {
  if (name.empty()) return;
  const auto data = files_.Stat(paths_.Ingest() + "/" + name + "/data");
  MutexLock lock(mutex_);
  if (data.ok()) {
    folders_[name] = {data->allocated, false};
  } else {
    folders_.erase(name);
  }
}

Result<std::unique_ptr<Ingest>> LocalBlobStore::OpenIngest(const ExpectedContent& expected) {
  const bool in_memory = expected.size <= options_.ingest.in_memory_size;
  const std::string folder = in_memory ? "" : expected.Name();
  if (!in_memory) RETURN_IF_ERROR(Claim(folder));
  if (!in_memory && files_.Stat(paths_.Ingest() + "/" + folder + "/data").status().code() == StatusCode::kNotFound) {
    if (Status room = MakeRoom(expected.size); !room.ok()) return Close(folder), room;
  }
  auto staged = OpenLocalIngest(files_, paths_.Ingest(), expected, options_.ingest);
  if (!staged.ok()) return Close(folder), staged.status();
  const auto data = files_.Stat(paths_.Ingest() + "/" + folder + "/data");
  {
    MutexLock lock(mutex_);
    if (!in_memory && data.ok()) folders_[folder].allocated = data->allocated;
    UseReservations(expected.size);
  }
  return std::unique_ptr<Ingest>(std::make_unique<OpenedIngest>(*this, folder, std::move(*staged)));
}

Result<Digest> LocalBlobStore::Commit(std::unique_ptr<Ingest> ingest) {
  auto* opened = dynamic_cast<OpenedIngest*>(ingest.get());
  BALLAST_CHECK(opened != nullptr) << "Commit() takes what OpenIngest() gave";
  const auto digest = opened->Prove();
  if (digest.status().code() == StatusCode::kDataLoss) RETURN_IF_ERROR(opened->staged().Discard());
  if (!digest.ok()) return digest.status();
  Failpoint("commit.proven");
  RETURN_IF_ERROR(Adopt(opened->staged(), *digest).status());
  Failpoint("commit.done");
  if (const auto& oid = opened->expected().git_oid) {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(git_index_->Add(*oid, *digest));
  }
  return *digest;
}

Result<Digest> LocalBlobStore::Put(std::string_view content) {
  const Digest digest = Digest::Of(content);
  MemoryIngest ingest(files_, paths_.Ingest(), {content.size(), digest, {}, ""});
  if (!content.empty()) {
    ASSIGN_OR_RETURN(const auto writer, ingest.OpenRange({0, content.size()}));
    RETURN_IF_ERROR(writer->Append(std::as_bytes(std::span(content))));
    RETURN_IF_ERROR(writer->Flush());
  }
  return Adopt(ingest, digest);
}

Result<Digest> LocalBlobStore::Adopt(StagedIngest& ingest, const Digest& digest) {
  if (Find(digest)) {
    RETURN_IF_ERROR(ingest.Discard());
    return digest;
  }
  const bool small = ingest.expected().size <= options_.ingest.in_memory_size;
  RETURN_IF_ERROR(small ? AdoptLater(ingest, digest) : AdoptNow(ingest, digest));
  return digest;
}

Status LocalBlobStore::AdoptNow(StagedIngest& ingest, const Digest& digest) {
  RETURN_IF_ERROR(ingest.MoveTo(paths_.Blob(digest), kBlobMode, Durability::kNow));
  ASSIGN_OR_RETURN(const FileInfo info, files_.Stat(paths_.Blob(digest)));
  MutexLock lock(mutex_);
  index_.Add(digest, {info.size, info.allocated, 1, false});
  return OkStatus();
}

// Thousands of small files become durable together: with the next Flush(), which everything that refers to them does.
Status LocalBlobStore::AdoptLater(StagedIngest& ingest, const Digest& digest) {
  RETURN_IF_ERROR(ingest.MoveTo(paths_.PendingBlob(digest), kBlobMode, Durability::kLater));
  const uint64_t size = ingest.expected().size;
  constexpr uint64_t kBlock = 4096;  // not on the disk yet: what it will take there
  {
    MutexLock lock(mutex_);
    if (index_.Find(digest)) return OkStatus();  // somebody was faster
    index_.Add(digest, {size, (size + kBlock - 1) / kBlock * kBlock, 1, true});
    pending_.emplace(digest, size);
    pending_bytes_ += size;
  }
  return PendingIsFull() ? Flush() : OkStatus();
}

bool LocalBlobStore::PendingIsFull() const {
  MutexLock lock(mutex_);
  return pending_bytes_ > options_.max_pending_bytes || pending_.size() > options_.max_pending;
}

// ---- durability of small blobs

Status LocalBlobStore::Flush() {
  MutexLock flush_lock(flush_mutex_);
  std::vector<Digest> pending;
  {
    MutexLock lock(mutex_);
    for (const auto& [digest, size] : pending_) pending.push_back(digest);
  }
  if (pending.empty()) return OkStatus();
  if (const Status synced = SyncPending(pending); !synced.ok()) {
    DropPending(pending);
    return DataLoss(
        StrCat("the disk lost ", pending.size(), " small files (", synced.message(), "); they are fetched again"));
  }
  Failpoint("flush.synced");
  return Publish(pending);
}

// Many at once: together with all else that others wrote to this disk. A few do not wait for that.
Status LocalBlobStore::SyncPending(const std::vector<Digest>& pending) {
  constexpr size_t kMany = 32;
  if (pending.size() > kMany) return files_.SyncAll(paths_.root);
  for (const Digest& digest : pending) {
    const auto file = files_.Open(paths_.PendingBlob(digest), OpenMode::kRead);
    if (file.status().code() == StatusCode::kNotFound) continue;  // an earlier flush synced and renamed it
    if (!file.ok()) return file.status();
    RETURN_IF_ERROR((*file)->Sync());
  }
  return OkStatus();
}

Status LocalBlobStore::Publish(const std::vector<Digest>& pending) {
  for (const Digest& digest : pending) {
    // Not found: an earlier flush got so far and then failed.
    RETURN_IF_ERROR(IgnoreNotFound(files_.Rename(paths_.PendingBlob(digest), paths_.Blob(digest))));
  }
  RETURN_IF_ERROR(files_.SyncDirectory(paths_.Blobs()));
  MutexLock lock(mutex_);
  for (const Digest& digest : pending) {
    index_.SetDurable(digest);
    pending_bytes_ -= pending_.at(digest);
    pending_.erase(digest);
  }
  return OkStatus();
}

void LocalBlobStore::DropPending(const std::vector<Digest>& pending) {
  for (const Digest& digest : pending) {
    const Status removed = files_.Remove(paths_.PendingBlob(digest));
    if (!removed.ok()) LOG(WARNING) << Message("Cannot remove a lost file").With("error", removed);
    MutexLock lock(mutex_);
    index_.Remove(digest);
    pending_bytes_ -= pending_.at(digest);
    pending_.erase(digest);
  }
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
  // Further copies first: a copy without the blob itself would be an orphan after a crash.
  for (uint32_t copy = entry->copies; copy-- > 0;) {
    RETURN_IF_ERROR(IgnoreNotFound(files_.Remove(paths_.Blob(digest, copy))));
  }
  MutexLock lock(mutex_);
  index_.Remove(digest);
  return true;
}

// ---- verifying

Result<std::optional<BlobDamage>> LocalBlobStore::Verify(const Digest& digest, const OnRead& on_read) const {
  const auto entry = Find(digest);
  if (!entry) return NotFound(StrCat(digest.ToString(), " is not here"));
  for (uint32_t copy = 0; copy < entry->copies; ++copy) {
    const std::string path = entry->pending ? paths_.PendingBlob(digest) : paths_.Blob(digest, copy);
    ASSIGN_OR_RETURN(auto damage, DamageOf(files_, path, digest, entry->size, on_read));
    if (damage && entry->pending && !Find(digest).value_or(*entry).pending) return Verify(digest, on_read);  // flushed
    if (damage) return std::optional(BlobDamage{digest, *std::move(damage)});
  }
  return std::optional<BlobDamage>();
}

}  // namespace ballast
