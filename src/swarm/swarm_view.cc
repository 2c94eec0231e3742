#include "swarm/swarm_view.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace ballast {
namespace {

constexpr uint64_t kRounds = 3;  // of the other nodes' fetches from the origin that may pass one by
constexpr uint64_t kLeastRound = 4;

}  // namespace

void BitSet::Set(size_t bit, bool value) {
  const uint64_t mask = uint64_t{1} << (bit % 64);
  uint64_t& word = words_[bit / 64];
  word = value ? word | mask : word & ~mask;
}

SwarmView::SwarmView(const std::vector<uint64_t>& sizes) {
  PieceIndex total = 0;
  for (const uint64_t size : sizes) {
    const uint32_t piece_size = PieceSizeFor(size);
    const auto count = static_cast<uint32_t>((size + piece_size - 1) / piece_size);
    files_.push_back({total, count, piece_size});
    total += count;
  }
  pieces_.resize(total);
  for (BitSet* set : {&present_, &unsourced_, &fetched_once_}) set->Resize(total);
  for (PieceIndex piece = 0; piece < total; ++piece) UpdateSets(piece);
}

PieceRef SwarmView::RefOf(PieceIndex index) const {
  const auto after = std::upper_bound(files_.begin(), files_.end(), index,
                                      [](PieceIndex value, const File& file) { return value < file.first; });
  // Files without pieces begin where the next one does: the last that begins here is the one.
  const auto file = std::prev(after);
  return {static_cast<uint32_t>(file - files_.begin()), index - file->first};
}

uint64_t SwarmView::FreeHolders(uint16_t zone, PieceIndex piece, size_t word) const {
  const Zone& in = zones_[zone];
  return in.bits[piece * in.words + word] & in.free[word];
}

void SwarmView::UpdateSets(PieceIndex index) {
  const Piece& piece = pieces_[index];
  const bool sourced = piece.holders > 0 && (piece.hashed || files_[RefOf(index).file].hashes_coming);
  const bool unsourced = !sourced && piece.origin_fetches == 0;
  if (unsourced != unsourced_.Has(index)) unsourced_count_ += unsourced ? 1 : -1;
  unsourced_.Set(index, unsourced);
  present_.Set(index, piece.holders > 0);
  fetched_once_.Set(index, !sourced && piece.origin_fetches == 1);
}

void SwarmView::Widen(Zone& zone) {
  const size_t words = std::max<size_t>(1, zone.words * 2);
  std::vector<uint64_t> bits(pieces_.size() * words);
  for (size_t piece = 0; piece < pieces_.size(); ++piece) {
    std::copy_n(zone.bits.begin() + static_cast<ptrdiff_t>(piece * zone.words), zone.words,
                bits.begin() + static_cast<ptrdiff_t>(piece * words));
  }
  zone.bits = std::move(bits);
  zone.free.resize(words);
  zone.words = words;
}

void SwarmView::AddZone() {
  Zone& zone = zones_.emplace_back();
  zone.holders.resize(pieces_.size());
  zone.coming.resize(pieces_.size());
  zone.present.Resize(pieces_.size());
  zone.coming_set.Resize(pieces_.size());
  Widen(zone);
}

void SwarmView::AddNode(NodeId id, uint16_t zone_index, uint32_t limit) {
  if (id >= nodes_.size()) nodes_.resize(id + 1);
  while (zone_index >= zones_.size()) AddZone();
  Node& node = nodes_[id];
  if (node.known && node.zone == zone_index) return;
  const bool was_source = node.source;
  if (node.known) SetSource(id, false);
  Zone& zone = zones_[zone_index];
  if (zone.members.size() == zone.words * 64) Widen(zone);
  node.known = true;
  node.zone = zone_index;
  node.slot = static_cast<uint32_t>(zone.members.size());
  node.limit = limit;
  node.have.Resize(pieces_.size());
  node.pending.Resize(pieces_.size());
  zone.members.push_back(id);
  if (was_source) SetSource(id, true);
}

void SwarmView::UpdateFree(const Node& node) {
  Zone& zone = zones_[node.zone];
  const uint64_t mask = uint64_t{1} << (node.slot % 64);
  uint64_t& word = zone.free[node.slot / 64];
  const bool is = node.source && node.uploads + node.extra < node.limit;
  const bool was = (word & mask) != 0;
  if (is == was) return;
  word ^= mask;
  zone.free_count += is ? 1 : -1;
}

// Counts the piece of a source for others to see.
void SwarmView::Show(NodeId id, PieceIndex index, bool shown) {
  const Node& node = nodes_[id];
  Zone& zone = zones_[node.zone];
  uint64_t& word = zone.bits[index * zone.words + node.slot / 64];
  word ^= uint64_t{1} << (node.slot % 64);
  zone.holders[index] += shown ? 1 : -1;
  zone.present.Set(index, zone.holders[index] > 0);
  pieces_[index].holders += shown ? 1 : -1;
  UpdateSets(index);
}

void SwarmView::SetSource(NodeId id, bool source) {
  Node& node = nodes_[id];
  if (node.source == source) return;
  node.source = source;
  for (size_t at = 0; at < node.have.words(); ++at) {
    for (uint64_t left = node.have.word(at); left != 0; left &= left - 1) {
      Show(id, static_cast<PieceIndex>(at * 64 + static_cast<size_t>(std::countr_zero(left))), source);
    }
  }
  UpdateFree(node);
}

void SwarmView::SetLimit(NodeId id, uint32_t limit) {
  nodes_[id].limit = limit;
  UpdateFree(nodes_[id]);
}

void SwarmView::SetReportedUploads(NodeId id, uint32_t uploads) {
  Node& node = nodes_[id];
  node.extra = uploads - std::min(uploads, node.uploads);
  UpdateFree(node);
}

void SwarmView::AddPiece(NodeId id, PieceIndex piece) {
  Node& node = nodes_[id];
  if (node.have.Has(piece)) return;
  node.have.Set(piece, true);
  if (node.source) Show(id, piece, true);
}

void SwarmView::RemovePiece(NodeId id, PieceIndex piece) {
  Node& node = nodes_[id];
  if (!node.have.Has(piece)) return;
  if (node.source) Show(id, piece, false);
  node.have.Set(piece, false);
}

void SwarmView::SetHash(PieceIndex index, const Digest& hash, NodeId attester) {
  Piece& piece = pieces_[index];
  piece.hash = hash;
  piece.hashed = true;
  piece.attester = attester;
  UpdateSets(index);
}

void SwarmView::ClearHash(PieceIndex index) {
  pieces_[index].hashed = false;
  UpdateSets(index);
}

void SwarmView::SetHashesComing(uint32_t index, bool coming) {
  File& file = files_[index];
  file.hashes_coming = coming;
  for (PieceIndex piece = file.first; piece < file.first + file.pieces; ++piece) UpdateSets(piece);
}

void SwarmView::Begin(NodeId receiver, PieceIndex index, NodeId source) {
  Node& node = nodes_[receiver];
  node.pending.Set(index, true);
  Zone& zone = zones_[node.zone];
  zone.coming_set.Set(index, ++zone.coming[index] > 0);
  if (source != kOrigin) {
    ++nodes_[source].uploads;
    return UpdateFree(nodes_[source]);
  }
  if (node.from_origin++ == 0) ++origin_nodes_;
  Piece& piece = pieces_[index];
  if (++piece.origin_fetches > 1) ++fetched_again_;
  piece.overdue_at = origin_received_ + kRounds * std::max<uint64_t>(kLeastRound, uint64_t{round_} * node.from_origin);
  UpdateSets(index);
}

void SwarmView::End(NodeId receiver, PieceIndex index, NodeId source, bool last) {
  Node& node = nodes_[receiver];
  if (last) node.pending.Set(index, false);
  Zone& zone = zones_[node.zone];
  zone.coming_set.Set(index, --zone.coming[index] > 0);
  if (source != kOrigin) {
    --nodes_[source].uploads;
    if (nodes_[source].extra > 0) --nodes_[source].extra;  // as old as what has ended
    return UpdateFree(nodes_[source]);
  }
  if (--node.from_origin == 0) --origin_nodes_;
  --pieces_[index].origin_fetches;
  UpdateSets(index);
}

}  // namespace ballast
