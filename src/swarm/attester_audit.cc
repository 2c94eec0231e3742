#include "swarm/attester_audit.h"

namespace ballast {
namespace {

// The auditor's own pieces come last: it believes itself.
std::optional<NodeId> NextSuspect(const SwarmView& view, const SwarmView::File& file, NodeId auditor,
                                  const std::set<NodeId>& cleared) {
  std::optional<NodeId> next;
  for (PieceIndex piece = file.first; piece < file.first + file.pieces; ++piece) {
    const NodeId attester = view.piece(piece).attester;
    if (!view.piece(piece).hashed || cleared.contains(attester)) continue;
    if (attester != auditor) return attester;
    next = attester;
  }
  return next;
}

}  // namespace

std::vector<PieceIndex> AttesterAudit::OnUnproven(const SwarmView& view, NodeId node, uint32_t index) {
  const auto [entry, begun] = audits_.try_emplace(index, Audit{.auditor = node});
  Audit& audit = entry->second;
  if (audit.auditor != node) {
    audit.waiting.insert(node);
    return {};
  }
  if (audit.suspect) audit.cleared.insert(*audit.suspect);
  const SwarmView::File& file = view.file(index);
  audit.suspect = NextSuspect(view, file, node, audit.cleared);
  std::vector<PieceIndex> pieces;
  for (PieceIndex piece = file.first; audit.suspect && piece < file.first + file.pieces; ++piece) {
    if (view.piece(piece).hashed && view.piece(piece).attester == *audit.suspect) pieces.push_back(piece);
  }
  to_fetch_[node].insert(pieces.begin(), pieces.end());
  return pieces;
}

std::optional<NodeId> AttesterAudit::OnReceived(const SwarmView& view, NodeId node, PieceIndex piece,
                                                const Digest& hash) {
  if (const auto fetching = to_fetch_.find(node); fetching != to_fetch_.end()) fetching->second.erase(piece);
  const auto found = audits_.find(view.RefOf(piece).file);
  if (found == audits_.end() || found->second.auditor != node || !found->second.suspect) return std::nullopt;
  const SwarmView::Piece& facts = view.piece(piece);
  const NodeId suspect = *found->second.suspect;
  if (!facts.hashed || facts.attester != suspect || facts.hash == hash) return std::nullopt;
  audits_.erase(found);
  to_fetch_.erase(node);
  return suspect;
}

const std::set<PieceIndex>& AttesterAudit::ToFetch(NodeId node) const {
  static const std::set<PieceIndex> kNothing;
  const auto found = to_fetch_.find(node);
  return found == to_fetch_.end() ? kNothing : found->second;
}

std::vector<AttesterAudit::Waiting> AttesterAudit::OnGone(NodeId node) {
  to_fetch_.erase(node);
  std::vector<Waiting> again;
  for (auto it = audits_.begin(); it != audits_.end();) {
    it->second.waiting.erase(node);
    if (it->second.auditor != node) {
      ++it;
      continue;
    }
    for (const NodeId other : it->second.waiting) again.push_back({other, it->first});
    it = audits_.erase(it);
  }
  return again;
}

}  // namespace ballast
