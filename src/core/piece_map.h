// Which pieces of a file are here. A file of `size` bytes is cut into pieces of a power of two; the last may be short.
#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"

namespace ballast {

struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = 0;  // exclusive

  uint64_t size() const { return end - begin; }
  bool empty() const { return begin >= end; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// 1-16 MiB, aiming at about 100 pieces for small models: 1 MiB up to 256 MiB, doubled per doubling of the size, 16 MiB
// from 2 GiB on.
uint32_t PieceSizeFor(uint64_t file_size);

class PieceMap {
 public:
  PieceMap() = default;
  PieceMap(uint64_t file_size, uint32_t piece_size);

  uint64_t file_size() const { return file_size_; }
  uint32_t piece_size() const { return piece_size_; }
  uint32_t count() const { return static_cast<uint32_t>(have_.size()); }
  uint32_t have_count() const { return have_count_; }
  bool complete() const { return have_count_ == count(); }
  bool has(uint32_t piece) const { return have_[piece]; }

  void Add(uint32_t piece);     // idempotent
  void Remove(uint32_t piece);  // idempotent
  ByteRange Range(uint32_t piece) const;
  uint64_t BytesHere() const;
  // The first piece that is not here; count() when complete. O(1) amortized over Adds is not promised.
  uint32_t FirstMissing(uint32_t from = 0) const;

  friend bool operator==(const PieceMap&, const PieceMap&) = default;

 private:
  uint64_t file_size_ = 0;
  uint32_t piece_size_ = 1;
  uint32_t have_count_ = 0;
  std::vector<bool> have_;
};

}  // namespace ballast
