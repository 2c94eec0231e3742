#include "swarm/hash_questions.h"

#include <algorithm>
#include <utility>

namespace ballast {
namespace {

constexpr Duration kAskOthers = std::chrono::seconds(2);
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

std::optional<NodeId> HashQuestions::WholeHolder(const SwarmView::File& file, const std::vector<Asked>& but) const {
  for (NodeId node = 0; node < view_.nodes(); ++node) {
    if (!view_.KnowsNode(node) || !view_.node(node).source) continue;
    if (std::ranges::any_of(but, [node](const Asked& asked) { return asked.holder == node; })) continue;
    PieceIndex piece = file.first;
    while (piece < file.first + file.pieces && view_.node(node).have.Has(piece)) ++piece;
    if (piece == file.first + file.pieces) return node;
  }
  return std::nullopt;
}

void HashQuestions::AskHolder(uint32_t file, std::vector<Asked>& asked, SteadyTime now) {
  const std::optional<NodeId> holder = WholeHolder(view_.file(file), asked);
  if (!holder) return;
  asked.push_back({*holder, now});
  to_ask_.push_back({file, *holder});
}

void HashQuestions::NobodyIsAsked(uint32_t file) {
  asked_.erase(file);
  view_.SetHashesComing(file, false);
}

void HashQuestions::Ask(std::span<const Window> windows, SteadyTime now) {
  for (const Window& window : windows) {
    if (view_.file(window.file).hashes_coming || !LacksHash(window)) continue;
    std::vector<Asked> asked;
    AskHolder(window.file, asked, now);
    if (asked.empty()) continue;
    view_.SetHashesComing(window.file, true);
    asked_.emplace(window.file, std::move(asked));
  }
}

bool HashQuestions::Answered(NodeId holder, uint32_t file, std::span<const Digest> hashes) {
  const bool fits = hashes.size() == view_.file(file).pieces;
  for (uint32_t piece = 0; fits && piece < hashes.size(); ++piece) {
    const PieceIndex index = view_.IndexOf({file, piece});
    if (!view_.piece(index).hashed) view_.SetHash(index, hashes[piece], holder);
  }
  std::vector<Asked>& asked = asked_[file];
  std::erase_if(asked, [holder](const Asked& one) { return one.holder == holder; });
  if (fits || asked.empty()) NobodyIsAsked(file);
  return fits;
}

void HashQuestions::AskOthers(SteadyTime now) {
  for (auto& [file, asked] : asked_) {
    if (asked.size() == 1 && now - asked.front().at >= kAskOthers) AskHolder(file, asked, now);
  }
}

std::vector<NodeId> HashQuestions::GiveUp(SteadyTime now) {
  std::vector<NodeId> silent;
  std::vector<uint32_t> unanswered;
  for (auto& [file, asked] : asked_) {
    std::erase_if(asked, [&](const Asked& one) {
      if (now - one.at < kPatience) return false;
      silent.push_back(one.holder);
      return true;
    });
    if (asked.empty()) unanswered.push_back(file);
  }
  for (const uint32_t file : unanswered) NobodyIsAsked(file);
  return silent;
}

std::vector<HashQuestions::Question> HashQuestions::Take() { return std::exchange(to_ask_, {}); }

}  // namespace ballast
