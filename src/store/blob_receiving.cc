// LocalBlobStore: how bytes become blobs, and the room that they need.
#include <algorithm>

#include "base/failpoint.h"
#include "base/logging.h"
#include "base/strings.h"
#include "store/local_blob_store.h"
#include "store/memory_ingest.h"

namespace ballast {

// What a caller holds: remembers its folder, so that the store knows when nobody works on it.
class LocalBlobStore::OpenedIngest final : public Ingest {
 public:
  OpenedIngest(LocalBlobStore& store, std::string folder, std::unique_ptr<StagedIngest> staged)
      : store_(store), folder_(std::move(folder)), staged_(std::move(staged)) {}
  ~OpenedIngest() override {
    store_.StopServing(*staged_);
    staged_.reset();  // frees its lock first
    store_.Close(folder_);
  }

  const ExpectedContent& expected() const override { return staged_->expected(); }
  PieceMap pieces() const override { return staged_->pieces(); }
  uint32_t hash_frontier() const override { return staged_->hash_frontier(); }
  Result<std::unique_ptr<RangeWriter>> OpenRange(ByteRange range) override { return staged_->OpenRange(range); }
  PieceBuffer Memory(size_t size) override { return staged_->Memory(size); }
  Status WritePiece(uint32_t piece, const PieceBuffer& bytes) override { return staged_->WritePiece(piece, bytes); }
  void ExpectReaders() override { staged_->ExpectReaders(); }
  Status Drop(std::span<const uint32_t> pieces) override { return staged_->Drop(pieces); }
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

// ---- room

RoomLimits LocalBlobStore::room_limits() const {
  MutexLock lock(mutex_);
  return limits_;
}

void LocalBlobStore::SetRoomLimits(const RoomLimits& limits) {
  MutexLock lock(mutex_);
  limits_ = limits;
}

Result<Room> LocalBlobStore::CurrentRoom() const {
  ASSIGN_OR_RETURN(const SpaceInfo space, files_.Space(paths_.root));
  Room room{limits_.quota_bytes, limits_.min_available, index_.allocated(), 0, space.available, space.total};
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
  return space.available >= bytes ? OkStatus() : DropUnfinished(bytes - space.available).status();
}

Result<uint64_t> LocalBlobStore::DropUnfinished(uint64_t bytes) {
  MutexLock lock(mutex_);
  uint64_t freed = 0;
  for (auto folder = folders_.begin(); folder != folders_.end() && freed < bytes;) {
    if (folder->second.open) {
      ++folder;
      continue;
    }
    LOG(INFO) << Message("Dropping an unfinished download to make room").With("ingest", folder->first);
    RETURN_IF_ERROR(RemoveTree(files_, paths_.Ingest() + "/" + folder->first));
    freed += folder->second.allocated;
    folder = folders_.erase(folder);
  }
  return freed;
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
  bool idle = false;
  {
    MutexLock lock(mutex_);
    if (data.ok()) {
      folders_[name] = {data->allocated, false};
    } else {
      folders_.erase(name);
    }
    idle = std::ranges::none_of(folders_, [](const auto& folder) { return folder.second.open; });
  }
  if (idle) memory_->ReleaseIdle();
}

// Of small files several may be received at once.
void LocalBlobStore::StopServing(const StagedIngest& staged) {
  if (!staged.expected().sha256) return;
  MutexLock lock(mutex_);
  const auto receiving = receiving_.find(*staged.expected().sha256);
  if (receiving != receiving_.end() && receiving->second == staged.reader()) receiving_.erase(receiving);
}

Result<std::unique_ptr<Ingest>> LocalBlobStore::OpenIngest(const ExpectedContent& expected) {
  const bool in_memory = expected.size <= options_.ingest.in_memory_size;
  const std::string folder = in_memory ? "" : expected.Name();
  if (!in_memory) RETURN_IF_ERROR(Claim(folder));
  if (!in_memory && files_.Stat(paths_.Ingest() + "/" + folder + "/data").status().code() == StatusCode::kNotFound) {
    if (Status room = MakeRoom(expected.size); !room.ok()) return Close(folder), room;
  }
  IngestOptions options = options_.ingest;
  options.memory = memory_;
  auto staged = OpenLocalIngest(files_, paths_.Ingest(), expected, options);
  if (!staged.ok()) return Close(folder), staged.status();
  const auto data = files_.Stat(paths_.Ingest() + "/" + folder + "/data");
  {
    MutexLock lock(mutex_);
    if (!in_memory && data.ok()) folders_[folder].allocated = data->allocated;
    if (expected.sha256) receiving_[*expected.sha256] = (*staged)->reader();
    UseReservations(expected.size);
  }
  return std::unique_ptr<Ingest>(std::make_unique<OpenedIngest>(*this, folder, std::move(*staged)));
}

Result<Digest> LocalBlobStore::Commit(std::unique_ptr<Ingest> ingest) {
  auto* opened = dynamic_cast<OpenedIngest*>(ingest.get());
  BALLAST_CHECK(opened != nullptr) << "Commit() takes what OpenIngest() gave";
  Failpoint("commit.received");
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

}  // namespace ballast
