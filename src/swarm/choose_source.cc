#include "swarm/choose_source.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace ballast {
namespace {

constexpr uint32_t kMostCompared = 16;     // holders of one piece
constexpr uint64_t kFetchedAgain = 2;      // pieces of a model that may leave the origin twice although nobody died,
constexpr uint64_t kPiecesPerAgain = 100;  // and one more for so many that came

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

// Calls `look` for each piece that the node may be given and that is in `among` (a function: word number -> bits), in
// the order of its windows, until it returns false.
template <typename Among, typename Look>
void ForEachWanted(const SwarmView& view, const SourceRequest& request, Among among, Look look) {
  const SwarmView::Node& node = view.node(request.node);
  for (const Window& window : request.windows) {
    const SwarmView::File& file = view.file(window.file);
    const PieceIndex begin = file.first + std::min(window.begin, file.pieces);
    const PieceIndex end = std::min(begin + kWindowPieces, file.first + file.pieces);
    for (PieceIndex at = begin; at < end; at = (at / 64 + 1) * 64) {
      const size_t word = at / 64;
      uint64_t left = among(word) & ~node.have.word(word) & ~node.pending.word(word);
      left &= ~uint64_t{0} << (at % 64);
      if (end < (word + 1) * 64) left &= (uint64_t{1} << (end % 64)) - 1;
      for (; left != 0; left &= left - 1) {
        if (!look(static_cast<PieceIndex>(word * 64) + static_cast<PieceIndex>(std::countr_zero(left)))) return;
      }
    }
  }
}

// The least loaded of the piece's holders in a zone.
std::optional<NodeId> HolderIn(const SwarmView& view, const SourceRequest& request, uint16_t zone, PieceIndex piece) {
  const size_t words = view.WordsOf(zone);
  if (!view.AnyFree(zone)) return std::nullopt;
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
  const uint64_t by_rest = std::max(1U, view.unsourced_count() / (4 * nodes));
  return static_cast<uint32_t>(std::min({by_bytes, by_window, by_rest, uint64_t{std::max(request.longest_run, 1U)}}));
}

// What nobody has and nobody fetches.
std::optional<Assignment> ChooseRun(const SwarmView& view, const SourceRequest& request, const ChoicePolicy& policy) {
  std::optional<Assignment> run;
  uint32_t longest = 0;
  const auto unsourced = [&](size_t word) { return view.unsourced().word(word); };
  ForEachWanted(view, request, unsourced, [&](PieceIndex piece) {
    const PieceRef ref = view.RefOf(piece);
    if (!run) {
      longest = LongestRun(view, request, policy, view.file(ref.file).piece_size);
      run = Assignment{.first = ref, .count = 1, .source = kOrigin};
    } else if (ref == PieceRef{run->first.file, run->first.piece + run->count}) {
      ++run->count;
    } else {
      return false;
    }
    return run->count < longest;
  });
  return run;
}

// What one node fetches while the others' fetches have gone past it several times. Where lines are shared unfairly that
// is so of many pieces, which come all the same: few of them leave the origin twice. (A node that has died is another
// matter: nobody fetches its pieces any more.)
std::optional<Assignment> ChoosePassedOver(const SwarmView& view, const SourceRequest& request) {
  std::optional<Assignment> chosen;
  if (view.fetched_again() >= kFetchedAgain + view.origin_received() / kPiecesPerAgain) return chosen;
  const auto fetched = [&](size_t word) { return view.fetched_once().word(word); };
  ForEachWanted(view, request, fetched, [&](PieceIndex piece) {
    if (view.origin_received() <= view.piece(piece).overdue_at) return true;
    chosen = Assignment{.first = view.RefOf(piece), .count = 1, .source = kOrigin};
    return false;
  });
  return chosen;
}

std::optional<Assignment> ChooseFromOrigin(const SwarmView& view, const SourceRequest& request,
                                           const ChoicePolicy& policy) {
  const bool is_there = view.node(request.node).from_origin > 0;
  if (!is_there && view.origin_nodes() >= policy.max_origin_nodes) return std::nullopt;
  const auto run = ChooseRun(view, request, policy);
  return run ? run : ChoosePassedOver(view, request);
}

// ---- from nodes

// Smaller is better.
struct Rank {
  uint32_t copies = std::numeric_limits<uint32_t>::max();  // the rarest first
  uint32_t tie = std::numeric_limits<uint32_t>::max();

  friend auto operator<=>(const Rank&, const Rank&) = default;
};

// The best of the pieces `among` for which `holder_of` finds somebody.
template <typename Among, typename CopiesOf, typename HolderOf>
std::optional<Assignment> ChooseRarest(const SwarmView& view, const SourceRequest& request, Among among,
                                       CopiesOf copies_of, HolderOf holder_of) {
  Rank best;
  std::optional<Assignment> chosen;
  ForEachWanted(view, request, among, [&](PieceIndex piece) {
    const SwarmView::Piece& facts = view.piece(piece);
    const Rank rank{copies_of(piece), Mix(request.node ^ request.salt, piece)};
    if (!facts.hashed || rank >= best) return true;
    if (const std::optional<NodeId> holder = holder_of(piece)) {
      best = rank;
      chosen = Assignment{.first = view.RefOf(piece), .count = 1, .source = *holder, .hash = facts.hash};
    }
    return true;
  });
  return chosen;
}

std::optional<Assignment> ChooseInZone(const SwarmView& view, const SourceRequest& request, uint16_t zone) {
  if (!view.AnyFree(zone)) return std::nullopt;
  return ChooseRarest(
      view, request, [&](size_t word) { return view.PresentIn(zone).word(word); },
      [&](PieceIndex piece) { return view.HoldersIn(zone, piece) + view.ComingTo(zone, piece); },
      [&](PieceIndex piece) { return HolderIn(view, request, zone, piece); });
}

// What the zone lacks and nobody brings into it yet.
std::optional<Assignment> ChooseElsewhere(const SwarmView& view, const SourceRequest& request, uint16_t zone) {
  const auto lacking = [&](size_t word) {
    return view.present().word(word) & ~view.PresentIn(zone).word(word) & ~view.ComingTo(zone).word(word);
  };
  return ChooseRarest(
      view, request, lacking, [&](PieceIndex piece) { return view.piece(piece).holders; },
      [&](PieceIndex piece) { return HolderElsewhere(view, request, zone, piece); });
}

std::optional<Assignment> ChooseFromNodes(const SwarmView& view, const SourceRequest& request) {
  const uint16_t zone = view.node(request.node).zone;
  const auto chosen = ChooseInZone(view, request, zone);
  return chosen || view.zones() == 1 ? chosen : ChooseElsewhere(view, request, zone);
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
