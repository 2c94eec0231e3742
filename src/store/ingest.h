// A file that is being received: preallocated data, a journal of the pieces that are here, and a SHA-256 that follows
// the bytes as they come, so that a complete file is proven without being read again. FORMAT.md has the disk format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/status.h"
#include "core/digest.h"
#include "core/piece_map.h"
#include "store/piece_memory.h"

namespace ballast {

// What is known of a file before it is here. Name() is its folder under ingest/: the same content resumes, whatever
// model asked for it first.
struct ExpectedContent {
  uint64_t size = 0;
  std::optional<Digest> sha256;
  std::optional<GitOid> git_oid;  // of the bytes themselves (never of an LFS pointer)
  std::string hint;               // only where neither is known: what names the content (reference, path, mtime)

  std::string Name() const;  // "sha256-<hex>", "git-<hex>" or "name-<sha256 of hint and size>"
};

// One stream of bytes into an ingest; not thread-safe. Buffers up to 1 MiB; a piece is journalled when its last byte
// was written. What is buffered when a writer is destroyed is lost (it was in flight).
class RangeWriter {
 public:
  virtual ~RangeWriter() = default;
  virtual Status Append(std::span<const std::byte> bytes) = 0;
  // Writes what is still buffered. Call it after the last byte of a range; the range then ends at a piece border.
  virtual Status Flush() = 0;
};

// Thread-safe: several RangeWriters and WritePiece() calls of one ingest work at once on ranges that do not overlap.
// The one at the hash frontier hashes what passes; bytes ahead of the frontier are read back when it reaches them,
// where they are not in memory any more.
class Ingest {
 public:
  virtual ~Ingest() = default;

  virtual const ExpectedContent& expected() const = 0;
  // A copy of the pieces that are here.
  virtual PieceMap pieces() const = 0;
  // The first piece that the whole-file hash has not passed; downloads stay within a window of it.
  virtual uint32_t hash_frontier() const = 0;

  // `range` begins and ends at piece borders (or at the end of the file) and holds no piece that is here. The ingest
  // outlives the writer.
  virtual Result<std::unique_ptr<RangeWriter>> OpenRange(ByteRange range) = 0;

  // Memory to receive `size` bytes in, for WritePiece().
  virtual PieceBuffer Memory(size_t size) = 0;
  // A whole piece at once; the caller has checked it, and changes it no more. AlreadyExists: it is here, or another is
  // writing it.
  virtual Status WritePiece(uint32_t piece, const PieceBuffer& bytes) = 0;

  // What is written from now on is read again soon, by others: the latest of it stays in memory, or all of it in the
  // page cache where memory holds too few pieces.
  virtual void ExpectReaders() = 0;

  // These pieces turned out not to be what they should: they are not here any more. Nobody writes just now.
  virtual Status Drop(std::span<const uint32_t> pieces) = 0;

  // All pieces are here: the digest of the whole file, checked against expected(). DataLoss "expected .., got ..": it
  // stays as it is, so that pieces can be dropped and come again.
  virtual Result<Digest> Prove() = 0;
};

}  // namespace ballast
