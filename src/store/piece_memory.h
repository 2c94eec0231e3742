// Memory for the bytes of downloads: where they are received, and where the latest of them stay for those who want them
// next, other nodes and the hash, so that they need not be read from the disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "core/piece_map.h"
#include "store/aligned_buffer.h"

namespace ballast {

using PieceBuffer = std::shared_ptr<AlignedBuffer>;

struct KeptBytes {
  PieceBuffer owner;  // they stay while it is held
  std::span<const std::byte> bytes;
};

// Thread-safe. Buffers may outlive it. The same memory is used again and again: memory that is new to a process costs
// more than to copy as much.
class PieceMemory {
 public:
  // It keeps at most `most` bytes, and a quarter of that which nobody uses; what is in use comes on top.
  explicit PieceMemory(uint64_t most);
  ~PieceMemory();
  PieceMemory(const PieceMemory&) = delete;
  PieceMemory& operator=(const PieceMemory&) = delete;

  uint64_t most() const { return most_; }

  // `size` bytes of any content.
  PieceBuffer Take(size_t size);

  // The bytes of `file` (any address that stands for it) from `offset` on, until the room is needed: the oldest go
  // first. Nobody changes them any more. What was kept of the same range before goes.
  void Keep(const void* file, uint64_t offset, const PieceBuffer& bytes);
  // From `offset` to where this stretch ends.
  std::optional<KeptBytes> Find(const void* file, uint64_t offset) const;
  void Forget(const void* file, ByteRange range);
  void Forget(const void* file);

  // Gives back what is neither kept nor in use.
  void ReleaseIdle();

  // In use, kept and idle together.
  uint64_t bytes() const;

 private:
  class Pool;
  struct Place {
    const void* file;
    uint64_t offset;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Kept {
    PieceBuffer bytes;
    uint64_t age;
  };
  using Shelf = std::map<Place, Kept>;
  using Gone = std::vector<PieceBuffer>;  // let go of without the lock: it may take its time

  Shelf::iterator Remove(Shelf::iterator kept, Gone& gone) REQUIRES(mutex_);
  void Remove(const void* file, ByteRange range, Gone& gone) REQUIRES(mutex_);

  const uint64_t most_;
  const std::shared_ptr<Pool> pool_;
  mutable Mutex mutex_;
  Shelf kept_ GUARDED_BY(mutex_);
  std::map<uint64_t, Place> by_age_ GUARDED_BY(mutex_);
  uint64_t kept_bytes_ GUARDED_BY(mutex_) = 0;
  uint64_t next_age_ GUARDED_BY(mutex_) = 0;
};

}  // namespace ballast
