#include "core/piece_map.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"

namespace ballast {
namespace {

constexpr uint32_t kSmallestPiece = 1 << 20;
constexpr uint32_t kLargestPiece = 16 << 20;
constexpr uint64_t kMostPieces = 512;

uint32_t CheckedCount(uint64_t file_size, uint32_t piece_size) {
  BALLAST_CHECK(std::has_single_bit(piece_size)) << "pieces of " << piece_size << " bytes";
  const uint64_t count = file_size / piece_size + (file_size % piece_size != 0 ? 1 : 0);
  BALLAST_CHECK(count <= std::numeric_limits<uint32_t>::max()) << count << " pieces";
  return static_cast<uint32_t>(count);
}

}  // namespace

uint32_t PieceSizeFor(uint64_t file_size) {
  uint32_t piece = kSmallestPiece;
  while (piece < kLargestPiece && file_size > piece * kMostPieces) piece *= 2;
  return piece;
}

PieceMap::PieceMap(uint64_t file_size, uint32_t piece_size)
    : file_size_(file_size), piece_size_(piece_size), have_(CheckedCount(file_size, piece_size)) {}

uint32_t PieceMap::Checked(uint32_t piece) const {
  BALLAST_CHECK(piece < count()) << "piece " << piece << " of " << count();
  return piece;
}

void PieceMap::Add(uint32_t piece) {
  if (has(piece)) return;
  have_[piece] = true;
  ++have_count_;
}

void PieceMap::Remove(uint32_t piece) {
  if (!has(piece)) return;
  have_[piece] = false;
  --have_count_;
}

ByteRange PieceMap::Range(uint32_t piece) const {
  const uint64_t begin = uint64_t{Checked(piece)} * piece_size_;
  return {begin, begin + std::min<uint64_t>(piece_size_, file_size_ - begin)};
}

uint64_t PieceMap::BytesHere() const {
  if (have_.empty()) return 0;
  const uint64_t whole = uint64_t{have_count_} * piece_size_;
  return have_.back() ? whole - piece_size_ + Range(count() - 1).size() : whole;  // the last piece may be short
}

uint32_t PieceMap::FirstMissing(uint32_t from) const {
  if (from >= count()) return count();
  return static_cast<uint32_t>(std::find(have_.begin() + from, have_.end(), false) - have_.begin());
}

uint32_t PieceMap::FirstHere(uint32_t from) const {
  if (from >= count()) return count();
  return static_cast<uint32_t>(std::find(have_.begin() + from, have_.end(), true) - have_.begin());
}

}  // namespace ballast
