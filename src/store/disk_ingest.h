// A file that is received in pieces, onto the disk and with a journal.
#pragma once

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "store/content_hash.h"
#include "store/journal_file.h"
#include "store/local_ingest.h"
#include "store/receiving_blob.h"

namespace ballast {

// Its parts: disk_ingest.cc (opening and leaving), disk_ingest_writing.cc, disk_ingest_hashing.cc.
class DiskIngest final : public StagedIngest {
 public:
  ~DiskIngest() override;
  static Result<std::unique_ptr<StagedIngest>> Open(FileSystem& files, const std::string& dir,
                                                    const ExpectedContent& expected, const IngestOptions& options);

  const ExpectedContent& expected() const override { return expected_; }
  PieceMap pieces() const override;
  uint32_t hash_frontier() const override;
  Result<std::unique_ptr<RangeWriter>> OpenRange(ByteRange range) override;
  PieceBuffer Memory(size_t size) override { return memory_->Take(size); }
  Status WritePiece(uint32_t piece, const PieceBuffer& bytes) override;
  void ExpectReaders() override;
  Status Drop(std::span<const uint32_t> pieces) override;
  Result<Digest> Prove() override;
  std::shared_ptr<BlobReader> reader() const override { return reader_; }
  Status MoveTo(const std::string& path, uint32_t mode, Durability durability) override;
  Status Discard() override;

 private:
  class Writer;
  static constexpr uint64_t kBlock = 1 << 20;  // what is written and hashed at once

  // What one writer has on the disk: `begin` (of the piece it is in) to `written`. It owns up to `end`.
  struct Active {
    const void* writer;
    uint64_t begin;
    uint64_t written;
    uint64_t end;
  };
  struct Block {
    uint64_t offset;
    std::span<const std::byte> bytes;
  };

  DiskIngest(FileSystem& files, std::string folder, ExpectedContent expected, std::shared_ptr<PieceMemory> memory);

  // Opening. The journal is locked first, so that two never work on one folder.
  Status Load(const IngestOptions& options);
  Result<Journal> ReadJournal();
  Status StartOver(const IngestOptions& options, const std::string& boot_id);
  Status CreateData();
  Status Resume(const Journal& journal, const std::string& boot_id);
  bool PieceIsIntact(const JournalRecord& record, ByteRange range);
  void OpenDirect(bool wanted);
  Status CheckFree(ByteRange range) const REQUIRES(mutex_);

  // Called by writers.
  Status WriteData(Block block);
  Result<size_t> WriteDirect(Block block);
  // `block` is on the disk; `whole` where it ended its piece.
  Status BlockDone(const Writer& writer, Block block, const std::optional<JournalRecord>& whole);
  void Retire(const Writer& writer);
  // Reserved by `owner`; on the disk afterwards.
  Result<ByteRange> ClaimPiece(uint32_t piece, size_t size, const void* owner);
  Status WriteCached(Block block);
  Status PieceDone(const void* owner, uint32_t piece, const Result<uint64_t>& xxh3);
  Status Keep(const JournalRecord& record) REQUIRES(mutex_);

  // The hash follows what is on the disk. A step takes at most one block, from `own` where it is the next, else read
  // back; false: nothing to do now (or somebody else is at it).
  bool HashStep(const Block* own);
  uint64_t HashableEnd(uint64_t begin) const REQUIRES(mutex_);
  // Returns where what was hashed ends.
  Result<uint64_t> HashFromMemoryOrDisk(uint64_t begin, uint64_t end);
  void HashResumed(const std::stop_token& stop);
  Status ForgetInJournal(std::span<const uint32_t> pieces) REQUIRES(mutex_);
  Status RemoveFolder();

  FileSystem& files_;
  const std::string folder_;
  const ExpectedContent expected_;
  const std::shared_ptr<PieceMemory> memory_;
  std::unique_ptr<File> data_;
  std::unique_ptr<File> direct_;  // null: the file system can't
  std::atomic<bool> direct_works_ = false;
  std::atomic<bool> keeps_ = false;        // what is written stays in memory for a while
  std::shared_ptr<ReceivingBlob> reader_;  // set by Load()

  mutable Mutex mutex_;
  uint32_t resumed_ GUARDED_BY(mutex_) = 0;  // the first piece that was missing at the start
  CondVar changed_;
  std::optional<JournalFile> journal_ GUARDED_BY(mutex_);  // holds the lock; set by Load()
  PieceMap pieces_ GUARDED_BY(mutex_);
  std::vector<Active> active_ GUARDED_BY(mutex_);
  uint64_t hashed_ GUARDED_BY(mutex_) = 0;
  bool hashing_ GUARDED_BY(mutex_) = false;  // somebody owns hash_ just now
  int retiring_ GUARDED_BY(mutex_) = 0;      // writers that wait to take the hash back
  Status hash_error_ GUARDED_BY(mutex_);
  ContentHash hash_;                         // whoever set hashing_
  ContentHash at_piece_ GUARDED_BY(mutex_);  // hash_ as it was at the last piece border it passed
  std::optional<Result<Digest>> proof_ GUARDED_BY(mutex_);

  std::jthread resume_;  // last: it uses the rest and ends first
};

}  // namespace ballast
