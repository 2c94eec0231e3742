// One piece from a node of the swarm, checked, into its ingest.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "base/mutex.h"
#include "core/digest.h"
#include "fetch/swarm_part.h"
#include "store/aligned_buffer.h"
#include "store/ingest.h"

namespace ballast {

// Memory for pieces, kept for the next ones. Thread-safe.
class PieceBuffers {
 public:
  // Beyond `most` bytes in all nothing is kept.
  explicit PieceBuffers(uint64_t most) : most_(most) {}
  // At least `size` bytes.
  std::unique_ptr<AlignedBuffer> Take(size_t size);
  void Return(std::unique_ptr<AlignedBuffer> buffer);

 private:
  std::unique_ptr<AlignedBuffer> TakeFree(size_t size) REQUIRES(mutex_);

  const uint64_t most_;
  Mutex mutex_;
  uint64_t taken_ GUARDED_BY(mutex_) = 0;                                // by others and free ones, in bytes
  std::vector<std::unique_ptr<AlignedBuffer>> free_ GUARDED_BY(mutex_);  // the smallest first
};

struct PieceOutcome {
  Status status;
  bool local = false;  // the error came from the ingest
  uint64_t bytes = 0;  // that came
};

struct PieceToRead {
  NodeId source;
  Digest blob;
  uint32_t piece;
  ByteRange range;
  Digest hash;
};

// DataLoss: it has another hash. AlreadyExists: it came from elsewhere meanwhile. Else as Swarm::ReadPiece says.
PieceOutcome ReadPiece(const SwarmPart& part, const PieceToRead& what, PieceBuffers& buffers, Ingest& ingest,
                       const std::stop_token& stop);

}  // namespace ballast
