// A file of at most a piece: kept in memory until it is whole, then written once. No folder, no journal, no resume.
#pragma once

#include "base/mutex.h"
#include "store/local_ingest.h"
#include "store/memory_blob.h"

namespace ballast {

class MemoryIngest final : public StagedIngest {
 public:
  // A temporary file is made in `dir` when the content moves to its place.
  MemoryIngest(FileSystem& files, std::string dir, ExpectedContent expected);
  ~MemoryIngest() override { reader_->End(); }

  const ExpectedContent& expected() const override { return expected_; }
  PieceMap pieces() const override;
  uint32_t hash_frontier() const override;
  Result<std::unique_ptr<RangeWriter>> OpenRange(ByteRange range) override;
  PieceBuffer Memory(size_t size) override { return std::make_shared<AlignedBuffer>(size); }
  Status WritePiece(uint32_t piece, const PieceBuffer& buffer) override;
  void ExpectReaders() override {}
  Status Drop(std::span<const uint32_t> pieces) override;
  Result<Digest> Prove() override;
  std::shared_ptr<BlobReader> reader() const override { return reader_; }
  Status MoveTo(const std::string& path, uint32_t mode, Durability durability) override;
  Status Discard() override;

 private:
  class Writer;
  void Complete(std::string content);

  FileSystem& files_;
  const std::string dir_;
  const ExpectedContent expected_;
  const std::shared_ptr<MemoryBlob> reader_;
  mutable Mutex mutex_;
  PieceMap pieces_ GUARDED_BY(mutex_);
  std::shared_ptr<const std::string> content_ GUARDED_BY(mutex_);  // once it is whole; empty before
};

}  // namespace ballast
