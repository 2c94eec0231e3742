#include "fetch/piece_reader.h"

#include <algorithm>
#include <utility>

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

PieceOutcome ReadInto(std::span<std::byte> bytes, const SwarmPart& part, const PieceToRead& what, Ingest& ingest,
                      const std::stop_token& stop) {
  if (Status admitted = part.admit(what.source, bytes.size(), stop); !admitted.ok()) return {admitted};
  if (Status read = part.swarm.ReadPiece(what.source, what.blob, what.range, bytes, stop); !read.ok()) return {read};
  part.count(what.source, bytes.size());
  if (Status right = CheckHash(what, bytes); !right.ok()) return {right, false, bytes.size()};
  const Status written = ingest.WritePiece(what.piece, bytes);
  const bool local = !written.ok() && written.code() != StatusCode::kAlreadyExists;
  return {written, local, bytes.size()};
}

}  // namespace

std::unique_ptr<AlignedBuffer> PieceBuffers::TakeFree(size_t size) {
  const auto fits = std::find_if(free_.begin(), free_.end(), [size](auto& one) { return one->span().size() >= size; });
  const auto best = fits != free_.end() ? fits : free_.begin();
  if (best == free_.end()) return nullptr;
  std::unique_ptr<AlignedBuffer> taken = std::move(*best);
  free_.erase(best);
  return taken;
}

std::unique_ptr<AlignedBuffer> PieceBuffers::Take(size_t size) {
  std::unique_ptr<AlignedBuffer> taken;
  {
    const MutexLock lock(mutex_);
    taken = TakeFree(size);
    if (taken != nullptr && taken->span().size() >= size) return taken;
    taken_ += size;
    if (taken != nullptr) taken_ -= taken->span().size();
  }
  taken.reset();  // too small: its memory goes before more is taken
  return std::make_unique<AlignedBuffer>(size);
}

void PieceBuffers::Return(std::unique_ptr<AlignedBuffer> buffer) {
  const size_t size = buffer->span().size();
  const MutexLock lock(mutex_);
  if (taken_ > most_) {
    taken_ -= size;
    return;
  }
  const auto larger = std::find_if(free_.begin(), free_.end(), [size](auto& one) { return one->span().size() > size; });
  free_.insert(larger, std::move(buffer));
}

PieceOutcome ReadPiece(const SwarmPart& part, const PieceToRead& what, PieceBuffers& buffers, Ingest& ingest,
                       const std::stop_token& stop) {
  if (stop.stop_requested()) return {Cancelled("not needed any more")};
  std::unique_ptr<AlignedBuffer> buffer = buffers.Take(what.range.size());
  PieceOutcome outcome = ReadInto(buffer->span().first(what.range.size()), part, what, ingest, stop);
  buffers.Return(std::move(buffer));
  return outcome;
}

}  // namespace ballast
