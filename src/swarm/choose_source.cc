#include "swarm/choose_source.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace ballast {
namespace {

constexpr uint32_t kMostCompared = 16;  // holders of one piece

// Equal inputs give equal choices, and different nodes different ones.
uint32_t Mix(uint32_t a, uint32_t b) {
  uint64_t x = (uint64_t{a} << 32 | b) * 0x9E3779B97F4A7C15ULL;
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93ULL;
  return static_cast<uint32_t>(x >> 32);
}

bool Avoids(const SourceRequest& request, NodeId node) {
  return node == request.node || std::find(request.avoid.begin(), request.avoid.end(), node) != request.avoid.end();
}

// Calls `look` for each piece that the node may be given, until it returns false.
template <typename Look>
void ForEachWanted(const SwarmView& view, const SourceRequest& request, Look look) {
  const SwarmView::Node& node = view.node(request.node);
  for (const Window& window : request.windows) {
    const SwarmView::File& file = view.file(window.file);
    const uint32_t end =
        file.pieces - std::min(window.begin, file.pieces) > kWindowPieces ? window.begin + kWindowPieces : file.pieces;
    for (PieceIndex piece = file.first + window.begin; piece < file.first + end; ++piece) {
      if (!node.have.Has(piece) && !node.pending.Has(piece) && !look(piece)) return;
    }
  }
}

// The least loaded of the piece's holders in a zone.
std::optional<NodeId> HolderIn(const SwarmView& view, const SourceRequest& request, uint16_t zone, PieceIndex piece) {
  const size_t words = view.WordsOf(zone);
  if (words == 0 || !view.AnyFree(zone)) return std::nullopt;
  const uint32_t salt = Mix(request.node ^ request.salt, piece);
  const size_t start = salt % words;
  std::optional<NodeId> best;
  uint32_t least = std::numeric_limits<uint32_t>::max();
  uint32_t compared = 0;
  for (size_t i = 0; i < words && compared < kMostCompared; ++i) {
    const size_t word = start + i < words ? start + i : start + i - words;
    const int turn = static_cast<int>(salt >> 26);  // so that equals are not always taken from the front
    for (uint64_t left = std::rotr(view.FreeHolders(zone, piece, word), turn); left != 0; left &= left - 1) {
      const NodeId node = view.MemberAt(zone, word * 64 + static_cast<size_t>((std::countr_zero(left) + turn) % 64));
      if (Avoids(request, node)) continue;
      const uint32_t load = view.node(node).uploads;
      if (load < least) {
        best = node;
        least = load;
      }
      if (++compared == kMostCompared) break;
    }
  }
  return best;
}

std::optional<NodeId> HolderElsewhere(const SwarmView& view, const SourceRequest& request, uint16_t own,
                                      PieceIndex piece) {
  const uint32_t start = Mix(request.node ^ request.salt, piece) % view.zones();
  for (uint32_t i = 0; i < view.zones(); ++i) {
    const auto zone = static_cast<uint16_t>((start + i) % view.zones());
    if (zone == own || view.HoldersIn(zone, piece) == 0) continue;
    if (const auto holder = HolderIn(view, request, zone, piece)) return holder;
  }
  return std::nullopt;
}

// ---- from the origin

uint32_t LongestRun(const SwarmView& view, const SourceRequest& request, const ChoicePolicy& policy,
                    uint32_t piece_size) {
  const uint32_t nodes = std::clamp(request.origin_capable, 1U, policy.max_origin_nodes);
  const uint64_t by_bytes = std::max<uint64_t>(1, policy.origin_run_bytes / piece_size);
  const uint64_t by_window = std::max(1U, kWindowPieces / (2 * nodes));
  const uint64_t by_rest = std::max(1U, view.unsourced() / (4 * nodes));
  return static_cast<uint32_t>(std::min({by_bytes, by_window, by_rest, uint64_t{std::max(request.longest_run, 1U)}}));
}

bool IsUnsourced(const SwarmView::Piece& piece) { return piece.holders == 0 && piece.origin_fetches == 0; }

// One node fetches it, and the others' fetches have gone past it several times.
bool WasPassedOver(const SwarmView& view, const SwarmView::Piece& piece) {
  return piece.holders == 0 && piece.origin_fetches == 1 && view.origin_received() > piece.overdue_at;
}

// ---- from nodes

// Smaller is better.
struct Rank {
  bool elsewhere = true;
  uint32_t copies = std::numeric_limits<uint32_t>::max();
  uint32_t tie = std::numeric_limits<uint32_t>::max();

  friend auto operator<=>(const Rank&, const Rank&) = default;
};

std::optional<Assignment> ChooseFromOrigin(const SwarmView& view, const SourceRequest& request,
                                           const ChoicePolicy& policy) {
  const bool is_there = view.node(request.node).from_origin > 0;
  if (!is_there && view.origin_nodes() >= policy.max_origin_nodes) return std::nullopt;
  std::optional<Assignment> run;
  uint32_t longest = 0;
  ForEachWanted(view, request, [&](PieceIndex piece) {
    const PieceRef ref = view.RefOf(piece);
    const bool free = IsUnsourced(view.piece(piece));
    if (run) {
      const bool goes_on = free && ref.file == run->first.file && ref.piece == run->first.piece + run->count;
      if (goes_on) ++run->count;
      return goes_on && run->count < longest;
    }
    longest = LongestRun(view, request, policy, view.file(ref.file).piece_size);
    if (!free && !WasPassedOver(view, view.piece(piece))) return true;
    run = Assignment{.first = ref, .count = 1, .source = kOrigin};
    return free && longest > 1;
  });
  return run;
}

std::optional<Assignment> ChooseFromNodes(const SwarmView& view, const SourceRequest& request) {
  const uint16_t zone = view.node(request.node).zone;
  Rank best;
  PieceIndex chosen = 0;
  NodeId source = kOrigin;
  ForEachWanted(view, request, [&](PieceIndex piece) {
    const SwarmView::Piece& facts = view.piece(piece);
    if (facts.holders == 0 || !facts.hashed) return true;
    const uint32_t here = view.HoldersIn(zone, piece);
    const uint32_t coming = view.ComingTo(zone, piece);
    const bool elsewhere = here == 0;
    if (elsewhere && coming > 0) return true;  // somebody brings it into the zone already
    const Rank rank{elsewhere, elsewhere ? facts.holders : here + coming, Mix(request.node ^ request.salt, piece)};
    if (rank >= best) return true;
    const auto holder = elsewhere ? HolderElsewhere(view, request, zone, piece) : HolderIn(view, request, zone, piece);
    if (!holder) return true;
    best = rank;
    chosen = piece;
    source = *holder;
    return true;
  });
  if (source == kOrigin) return std::nullopt;
  return Assignment{.first = view.RefOf(chosen), .count = 1, .source = source, .hash = view.piece(chosen).hash};
}

}  // namespace

std::optional<Assignment> ChooseSource(const SwarmView& view, const SourceRequest& request,
                                       const ChoicePolicy& policy) {
  if (request.origin) {
    if (auto run = ChooseFromOrigin(view, request, policy)) return run;
  }
  return request.nodes ? ChooseFromNodes(view, request) : std::nullopt;
}

std::optional<Assignment> ChooseForPiece(const SwarmView& view, const SourceRequest& request, PieceIndex piece) {
  if (!view.piece(piece).hashed) return std::nullopt;
  const uint16_t zone = view.node(request.node).zone;
  auto holder = HolderIn(view, request, zone, piece);
  if (!holder) holder = HolderElsewhere(view, request, zone, piece);
  if (!holder) return std::nullopt;
  return Assignment{.first = view.RefOf(piece), .count = 1, .source = *holder, .hash = view.piece(piece).hash};
}

}  // namespace ballast
