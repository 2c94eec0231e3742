#include "daemon/piece_hashes.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/errno_status.h"
#include "base/logging.h"
#include "base/small_file.h"
#include "base/strings.h"
#include "core/hasher.h"
#include "core/piece_map.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFile = (kMaxPieceHashes + 1) * 32;
constexpr size_t kReadBytes = size_t{1} << 20;

uint64_t PiecesOf(uint64_t size) {
  const uint64_t piece = PieceSizeFor(size);
  return (size + piece - 1) / piece;
}

std::string RawOf(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes().data()), digest.bytes().size()};
}

Digest FromRaw(std::string_view raw) {
  Digest::Bytes bytes;
  std::copy(raw.begin(), raw.end(), reinterpret_cast<char*>(bytes.data()));
  return Digest(bytes);
}

Result<Digest> HashOf(BlobReader& blob, ByteRange range, std::vector<std::byte>& buffer, const std::stop_token& stop) {
  Sha256Hasher hasher;
  for (uint64_t at = range.begin; at < range.end;) {
    if (stop.stop_requested()) return Cancelled("stopped");
    const auto part = std::span(buffer).first(std::min<uint64_t>(buffer.size(), range.end - at));
    RETURN_IF_ERROR(blob.Read(at, part));
    hasher.Update(part);
    at += part.size();
  }
  return hasher.Finish();
}

}  // namespace

std::string PieceHashesToBytes(const std::vector<Digest>& pieces) {
  std::string bytes;
  for (const Digest& piece : pieces) bytes += RawOf(piece);
  return bytes + RawOf(Digest::Of(bytes));
}

Result<std::vector<Digest>> PieceHashesFromBytes(std::string_view bytes, uint64_t size) {
  if (bytes.size() != (PiecesOf(size) + 1) * 32) return DataLoss("hashes of pieces of another size");
  const std::string_view hashes = bytes.substr(0, bytes.size() - 32);
  if (FromRaw(bytes.substr(hashes.size())) != Digest::Of(hashes)) return DataLoss("damaged hashes of pieces");
  std::vector<Digest> pieces;
  for (size_t at = 0; at < hashes.size(); at += 32) pieces.push_back(FromRaw(hashes.substr(at, 32)));
  return pieces;
}

Result<std::unique_ptr<PieceHashBook>> PieceHashBook::Open(std::string folder, BlobStore& blobs) {
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) return ErrnoStatus(error.value(), StrCat("make directory ", folder));
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const Result<Digest> blob = Digest::FromHex(entry.path().filename().string());
    if (!blob.ok() || !blobs.Size(*blob)) fs::remove(entry.path(), error);
  }
  return std::unique_ptr<PieceHashBook>(new PieceHashBook(std::move(folder), blobs));
}

void PieceHashBook::Keep(const Digest& blob, const std::vector<Digest>& pieces) {
  if (pieces.size() <= 1) return;  // its one piece has the blob's own digest
  const Status kept = ReplaceSmallFile(PathOf(blob), PieceHashesToBytes(pieces));
  if (!kept.ok()) LOG(WARNING) << Message("Cannot keep the hashes of a file's pieces").With("error", kept);
}

Result<std::vector<Digest>> PieceHashBook::PieceHashes(const Digest& blob, std::stop_token stop) {
  const std::optional<uint64_t> size = blobs_.Size(blob);
  if (!size) return NotFound(StrCat(blob, " is not here"));
  if (PiecesOf(*size) <= 1) return std::vector<Digest>(PiecesOf(*size), blob);
  const auto kept = [&]() -> Result<std::vector<Digest>> {
    ASSIGN_OR_RETURN(const std::string bytes, ReadSmallFile(PathOf(blob), kMaxFile));
    return PieceHashesFromBytes(bytes, *size);
  };
  if (auto pieces = kept(); pieces.ok()) return pieces;
  MutexLock lock(computing_);
  if (auto pieces = kept(); pieces.ok()) return pieces;  // by who was before us
  auto computed = Compute(blob, stop);
  if (computed.ok()) Keep(blob, *computed);
  return computed;
}

Result<std::vector<Digest>> PieceHashBook::Compute(const Digest& blob, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const std::shared_ptr<BlobReader> reader, blobs_.OpenForServing(blob));
  const uint64_t size = reader->size();
  const uint64_t piece = PieceSizeFor(size);
  std::vector<std::byte> buffer(kReadBytes);
  std::vector<Digest> pieces;
  for (uint64_t at = 0; at < size; at += piece) {
    ASSIGN_OR_RETURN(const Digest hash, HashOf(*reader, {at, std::min(at + piece, size)}, buffer, stop));
    pieces.push_back(hash);
  }
  return pieces;
}

}  // namespace ballast
