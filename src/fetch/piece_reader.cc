#include "fetch/piece_reader.h"

#include "base/strings.h"
#include "core/hasher.h"

namespace ballast {
namespace {

Status CheckHash(const PieceToRead& what, std::span<const std::byte> bytes) {
  Sha256Hasher hasher;
  hasher.Update(bytes);
  const Digest hash = hasher.Finish();
  if (hash == what.hash) return OkStatus();
  return DataLoss(StrCat("piece ", what.piece, " of ", what.blob.ToString(), ": expected ", what.hash.ToString(),
                         ", got ", hash.ToString()));
}

}  // namespace

PieceOutcome ReadPiece(const SwarmPart& part, const PieceToRead& what, Ingest& ingest, const std::stop_token& stop) {
  if (stop.stop_requested()) return {Cancelled("not needed any more")};
  const uint64_t size = what.range.size();
  if (Status admitted = part.admit(what.source, size, stop); !admitted.ok()) return {admitted};
  const PieceBuffer bytes = ingest.Memory(size);
  if (Status read = part.swarm.ReadPiece(what.source, what.blob, what.range, bytes->span(), stop); !read.ok()) {
    return {read};
  }
  part.count(what.source, size);
  if (Status right = CheckHash(what, bytes->span()); !right.ok()) return {right, false, size};
  const Status written = ingest.WritePiece(what.piece, bytes);
  const bool local = !written.ok() && written.code() != StatusCode::kAlreadyExists;
  return {written, local, size};
}

}  // namespace ballast
