// BlobStore on a local disk, and what the other parts of the store need of it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "store/blob_index.h"
#include "store/git_index.h"
#include "store/local_ingest.h"
#include "store/room.h"
#include "store/store.h"
#include "store/store_paths.h"

namespace ballast {

struct BlobStoreOptions {
  uint64_t quota_bytes = 0;
  uint64_t min_available = 0;
  IngestOptions ingest;
  uint64_t memory_bytes = 48 << 20;  // of what came last, for other nodes and the hash
  // Proven small blobs that wait for their durability; more are flushed at once.
  uint64_t max_pending_bytes = 64 << 20;
  size_t max_pending = 20'000;
};

// Thread-safe. Its parts: local_blob_store.cc, blob_receiving.cc, blob_flushing.cc.
class LocalBlobStore final : public BlobStore {
 public:
  // The directories exist. Reads names and sizes of blobs, and the content of pending ones.
  static Result<std::unique_ptr<LocalBlobStore>> Open(StorePaths paths, FileSystem& files, BlobStoreOptions options);

  std::optional<uint64_t> Size(const Digest& digest) const override;
  std::optional<Digest> FindByGitOid(const GitOid& oid) const override;
  Result<std::unique_ptr<Reservation>> Reserve(uint64_t bytes) override;
  Result<uint64_t> DropUnfinished(uint64_t bytes) override;
  Result<std::unique_ptr<Ingest>> OpenIngest(const ExpectedContent& expected) override;
  Result<Digest> Commit(std::unique_ptr<Ingest> ingest) override;
  Result<Digest> Put(std::string_view content) override;
  Result<std::shared_ptr<BlobReader>> OpenForServing(const Digest& digest) override;
  std::vector<StoredBlob> List() const override;
  Result<std::optional<BlobDamage>> Verify(const Digest& digest, const OnRead& on_read) const override;

  // What was committed before the call is durable. After an error the small blobs that were not are gone.
  Status Flush();
  // `path` becomes a link of the blob, which is durable. NotFound: no such blob.
  Status Link(const Digest& digest, const std::string& path);
  std::optional<BlobEntry> Find(const Digest& digest) const;
  // Removes the blob unless something outside the store (a view) links to it. True: it is gone.
  Result<bool> RemoveUnlinked(const Digest& digest);
  // Removes the blob; views that link to it keep its content. Durable.
  Status Drop(const Digest& digest);

  uint64_t AllocatedBytes() const;  // blobs and ingests
  uint64_t ReservedBytes() const;
  uint64_t UnfinishedBytes() const;  // of AllocatedBytes(): ingests that nobody works on
  uint32_t Count() const;
  // By the name of their folder: bytes that count as used.
  std::map<std::string, uint64_t> IdleDownloads() const;
  bool IsReceiving(const std::string& folder) const;
  RoomLimits room_limits() const;
  void SetRoomLimits(const RoomLimits& limits);

 private:
  static constexpr uint32_t kBlobMode = 0444;

  class OpenedIngest;
  class Promise;
  // An ingest folder on the disk.
  struct Folder {
    uint64_t allocated = 0;
    bool open = false;  // an idle one is given up when the room is needed
  };

  LocalBlobStore(StorePaths paths, FileSystem& files, BlobStoreOptions options)
      : paths_(std::move(paths)),
        files_(files),
        options_(std::move(options)),
        memory_(std::make_shared<PieceMemory>(options_.memory_bytes)),
        limits_{options_.quota_bytes, options_.min_available} {}

  Status LoadBlobs();
  Status LoadIngests();
  Status LoadPending();
  Status LoadPendingFile(const DirEntry& entry);

  Result<Room> CurrentRoom() const REQUIRES(mutex_);
  Status MakeRoom(uint64_t bytes);
  Status Claim(const std::string& name);
  void Close(const std::string& name);
  void StopServing(const StagedIngest& staged);
  void UseReservations(uint64_t bytes) REQUIRES(mutex_);

  Result<Digest> Adopt(StagedIngest& ingest, const Digest& digest);
  Status AdoptNow(StagedIngest& ingest, const Digest& digest);
  Status AdoptLater(StagedIngest& ingest, const Digest& digest);
  Status SyncPending(const std::vector<Digest>& pending);
  Status Publish(const std::vector<Digest>& pending);
  void DropPending(const std::vector<Digest>& pending);
  bool PendingIsFull() const;
  Result<std::shared_ptr<BlobReader>> OpenStored(const Digest& digest) const;
  Status AddCopy(const Digest& digest, uint32_t copy);
  Status RemoveFiles(const Digest& digest, uint32_t copies);

  const StorePaths paths_;
  FileSystem& files_;
  const BlobStoreOptions options_;
  const std::shared_ptr<PieceMemory> memory_;

  Mutex flush_mutex_;  // taken before mutex_; held while a flush runs
  Mutex link_mutex_;   // taken before mutex_; held while a further copy is made
  mutable Mutex mutex_;
  RoomLimits limits_ GUARDED_BY(mutex_);
  BlobIndex index_ GUARDED_BY(mutex_);
  std::optional<GitIndex> git_index_ GUARDED_BY(mutex_);
  std::map<std::string, Folder> folders_ GUARDED_BY(mutex_);
  std::map<Digest, std::shared_ptr<BlobReader>> receiving_ GUARDED_BY(mutex_);
  std::map<Digest, uint64_t> pending_ GUARDED_BY(mutex_);  // size
  uint64_t pending_bytes_ GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, uint64_t> reservations_ GUARDED_BY(mutex_);  // what is left of each
  uint64_t next_reservation_ GUARDED_BY(mutex_) = 0;
};

}  // namespace ballast
