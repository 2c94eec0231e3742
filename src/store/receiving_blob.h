// A blob that is being received, as others may read it: piece by piece, as they come.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "core/piece_map.h"
#include "store/blob_reader.h"
#include "store/file_system.h"
#include "store/piece_memory.h"

namespace ballast {

// Thread-safe. Its ingest says what comes and how it ends.
class ReceivingBlob final : public BlobReader {
 public:
  // `file` is open for reading; `name` is for texts.
  ReceivingBlob(std::unique_ptr<File> file, PieceMap pieces, std::string name, std::shared_ptr<PieceMemory> memory)
      : file_(std::move(file)),
        size_(pieces.file_size()),
        name_(std::move(name)),
        memory_(std::move(memory)),
        pieces_(std::move(pieces)) {}

  // ---- of the ingest
  // These bytes are on the disk now, and stay in memory for a while.
  void Keep(uint64_t offset, const PieceBuffer& bytes) { memory_->Keep(this, offset, bytes); }
  // The latest bytes are there, and not in the page cache.
  void ServeFromMemory() { from_memory_ = true; }
  std::optional<KeptBytes> InMemory(uint64_t offset) const { return memory_->Find(this, offset); }
  void Add(uint32_t piece);
  void Drop(uint32_t piece);
  // Nothing more comes. Also when everything is here; the second time it does nothing.
  void End();

  // ---- of the readers
  uint64_t size() const override { return size_; }
  Result<uint64_t> AvailableFrom(uint64_t offset, Duration patience, std::stop_token stop) override;
  Status Read(uint64_t offset, std::span<std::byte> into) override;
  int fd() const override { return from_memory_ ? -1 : file_->descriptor(); }

 private:
  const std::unique_ptr<File> file_;
  const uint64_t size_;
  const std::string name_;
  const std::shared_ptr<PieceMemory> memory_;
  std::atomic<bool> from_memory_ = false;
  Mutex mutex_;
  CondVar changed_;
  PieceMap pieces_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace ballast
