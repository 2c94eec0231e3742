#include "swarm/hash_questions.h"

#include <algorithm>
#include <utility>

namespace ballast {
namespace {

constexpr Duration kPatience = std::chrono::seconds(15);  // a large file that must be read takes longer; it comes later

}  // namespace

bool HashQuestions::LacksHash(const Window& window) const {
  const SwarmView::File& file = view_.file(window.file);
  const PieceIndex first = file.first + std::min(window.begin, file.pieces);
  const PieceIndex end = std::min(first + kWindowPieces, file.first + file.pieces);
  for (PieceIndex piece = first; piece < end; ++piece) {
    if (!view_.piece(piece).hashed && view_.piece(piece).holders > 0) return true;
  }
  return false;
}

std::optional<NodeId> HashQuestions::WholeHolder(const SwarmView::File& file) const {
  for (NodeId node = 0; node < view_.nodes(); ++node) {
    if (!view_.KnowsNode(node) || !view_.node(node).source) continue;
    PieceIndex piece = file.first;
    while (piece < file.first + file.pieces && view_.node(node).have.Has(piece)) ++piece;
    if (piece == file.first + file.pieces) return node;
  }
  return std::nullopt;
}

void HashQuestions::Ask(std::span<const Window> windows, SteadyTime now) {
  for (const Window& window : windows) {
    const SwarmView::File& file = view_.file(window.file);
    if (file.hashes_coming || !LacksHash(window)) continue;
    const std::optional<NodeId> holder = WholeHolder(file);
    if (!holder) continue;
    view_.SetHashesComing(window.file, true);
    asked_[window.file] = {*holder, now};
    to_ask_.push_back({window.file, *holder});
  }
}

bool HashQuestions::Answered(NodeId holder, uint32_t file, std::span<const Digest> hashes) {
  asked_.erase(file);
  const bool fits = hashes.size() == view_.file(file).pieces;
  for (uint32_t piece = 0; fits && piece < hashes.size(); ++piece) {
    const PieceIndex index = view_.IndexOf({file, piece});
    if (!view_.piece(index).hashed) view_.SetHash(index, hashes[piece], holder);
  }
  view_.SetHashesComing(file, false);
  return fits;
}

std::vector<NodeId> HashQuestions::GiveUp(SteadyTime now) {
  std::vector<NodeId> silent;
  std::erase_if(asked_, [&](const auto& entry) {
    const auto& [file, asked] = entry;
    if (now - asked.at < kPatience) return false;
    silent.push_back(asked.holder);
    view_.SetHashesComing(file, false);
    return true;
  });
  return silent;
}

std::vector<HashQuestions::Question> HashQuestions::Take() { return std::exchange(to_ask_, {}); }

}  // namespace ballast
