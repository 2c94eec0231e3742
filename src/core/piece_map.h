// Which pieces of a file are here. A file of `size` bytes is cut into pieces of a power of two; the last may be short.
#pragma once

#include <cstdint>
#include <vector>

namespace ballast {

// The largest file that a listing or manifest may name (1 PiB): a map of its pieces still fits 8 MiB. Whoever takes a
// size from outside checks it against this.
inline constexpr uint64_t kMaxFileSize = uint64_t{1} << 50;

struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = 0;  // exclusive

  uint64_t size() const { return end - begin; }
  bool empty() const { return begin >= end; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// 1-16 MiB, so that a file has at most 512 pieces until they are of 16 MiB: 1 MiB up to 512 MiB, doubled with each
// doubling of the size. Nodes must agree on it: part of the protocol between them.
uint32_t PieceSizeFor(uint64_t file_size);

// A value. Pieces are numbered from 0; asking for one at or beyond count() crashes. An empty file has no pieces and is
// complete.
class PieceMap {
 public:
  PieceMap() = default;
  // `piece_size` is a power of two; at most 2^32 - 1 pieces (any size up to kMaxFileSize with PieceSizeFor has fewer).
  PieceMap(uint64_t file_size, uint32_t piece_size);

  uint64_t file_size() const { return file_size_; }
  uint32_t piece_size() const { return piece_size_; }
  uint32_t count() const { return static_cast<uint32_t>(have_.size()); }
  uint32_t have_count() const { return have_count_; }
  bool complete() const { return have_count_ == count(); }
  bool has(uint32_t piece) const { return have_[Checked(piece)]; }

  void Add(uint32_t piece);     // idempotent
  void Remove(uint32_t piece);  // idempotent
  ByteRange Range(uint32_t piece) const;
  uint64_t BytesHere() const;
  // The first piece at or after `from` that is not here; count() where there is none. Looks at each piece in between.
  uint32_t FirstMissing(uint32_t from = 0) const;
  uint32_t FirstHere(uint32_t from = 0) const;  // likewise, of those that are here

  friend bool operator==(const PieceMap&, const PieceMap&) = default;

 private:
  uint32_t Checked(uint32_t piece) const;

  uint64_t file_size_ = 0;
  uint32_t piece_size_ = 1;
  uint32_t have_count_ = 0;
  std::vector<bool> have_;
};

}  // namespace ballast
