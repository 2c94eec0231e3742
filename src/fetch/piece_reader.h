// One piece from a node of the swarm, checked, into its ingest.
#pragma once

#include <stop_token>

#include "core/digest.h"
#include "fetch/swarm_part.h"
#include "store/ingest.h"

namespace ballast {

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
PieceOutcome ReadPiece(const SwarmPart& part, const PieceToRead& what, Ingest& ingest, const std::stop_token& stop);

}  // namespace ballast
