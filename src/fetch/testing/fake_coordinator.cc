#include "fetch/testing/fake_coordinator.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast {

FakeCoordinator::FakeCoordinator(std::vector<File> files, const Options& options,
                                 std::function<Digest(PieceRef)> hash_of)
    : files_(std::move(files)), options_(options), hash_of_(std::move(hash_of)), random_(options.seed) {}

void FakeCoordinator::Break(const std::string& rule) {
  if (broken_rules_++ == 0) first_broken_rule_ = rule;
}

uint32_t FakeCoordinator::Count(uint32_t file) const {
  return static_cast<uint32_t>((files_[file].size + files_[file].piece_size - 1) / files_[file].piece_size);
}

uint32_t FakeCoordinator::OnTheWay() const { return static_cast<uint32_t>(given_.size() - named_.size()); }

Reply FakeCoordinator::Begin() {
  took_over_ = took_over_ || !given_.empty();
  has_.clear();
  given_.clear();
  named_.clear();
  announced_ = false;
  return Reply{{}, {}, true};
}

void FakeCoordinator::On(const Announce& announce) {
  announced_ = true;
  origin_works_ = announce.origin;
  if (announce.whole) {
    for (uint32_t file = 0; file < files_.size(); ++file) {
      for (uint32_t piece = 0; piece < Count(file); ++piece) has_.insert({file, piece});
    }
  }
  for (const Announce::File& file : announce.files) {
    if (file.pieces.count() != Count(file.file)) Break("an announced file has its pieces");
    for (uint32_t piece = 0; piece < file.pieces.count(); ++piece) {
      if (file.pieces.has(piece)) has_.insert({file.file, piece});
    }
  }
}

Reply FakeCoordinator::On(const Next& next) {
  Reply reply;
  if (!announced_) return Reply{{}, {}, true};
  Take(next);
  reply.withdrawn = std::exchange(withdrawn_, {});
  GiveHedges(next, reply);
  GiveRuns(next, reply);
  GivePieces(next, reply);
  if (Chance(options_.nonsense)) GiveNonsense(reply);
  return reply;
}

void FakeCoordinator::Take(const Next& next) {
  for (const Received& one : next.received) {
    if (one.source != kOrigin && one.hash != hash_of_(one.piece)) Break("what is received has its hash");
    has_.insert(one.piece);
    given_.erase({one.piece, one.source});
    named_.erase({one.piece, one.source});
  }
  for (const Failed& one : next.failed) {
    failed_.push_back(one);
    if (one.reason == FailureReason::kCorrupt) banned_.insert(one.source);
    for (uint32_t i = 0; i < one.count; ++i) {
      const Given given{{one.first.file, one.first.piece + i}, one.source};
      if (given_.erase(given) == 0 && !took_over_) Break("only what was given fails, and once");
      named_.erase(given);
    }
  }
  for (const uint32_t file : next.proven) proven_.insert(file);
  for (const uint32_t file : next.unproven) unproven_.insert(file);
  std::set<Given> now;
  for (const InFlight& one : next.in_flight) {
    for (uint32_t i = 0; i < one.count; ++i) now.insert({{one.first.file, one.first.piece + i}, one.source});
  }
  for (const Given& one : named_) {
    if (!now.contains(one))
      Break(StrCat("what was in flight is in flight, received or failed: ", one.first.file, ":", one.first.piece,
                   " from ", one.second));
  }
  for (const Given& one : now) {
    given_.insert(one);  // a coordinator before this one gave it
    named_.insert(one);
  }
}

bool FakeCoordinator::IsGiven(PieceRef piece) const {
  const auto at = given_.lower_bound({piece, 0});
  return at != given_.end() && at->first == piece;
}

std::vector<PieceRef> FakeCoordinator::Wanted(const Next& next) const {
  std::vector<PieceRef> wanted;
  for (const Window& window : next.windows) {
    const uint32_t end = std::min(Count(window.file), window.begin + kWindowPieces);
    for (uint32_t piece = window.begin; piece < end; ++piece) {
      const PieceRef ref{window.file, piece};
      if (!Has(ref) && !IsGiven(ref)) wanted.push_back(ref);
    }
  }
  return wanted;
}

std::vector<NodeId> FakeCoordinator::SourcesOf(PieceRef piece) const {
  std::vector<NodeId> sources;
  for (NodeId node = 0; node < options_.nodes; ++node) {
    if (!banned_.contains(node) && !given_.contains({piece, node})) sources.push_back(node);
  }
  return sources;
}

void FakeCoordinator::GiveHedges(const Next& next, Reply& reply) {
  for (const Hedge& hedge : next.hedges) {
    if (Has(hedge.piece)) Break("what is here is not hedged");
    const auto first = given_.lower_bound({hedge.piece, 0});
    const auto streams = std::count_if(first, given_.end(), [&](const Given& one) { return one.first == hedge.piece; });
    if (streams > 1) continue;  // answered already
    const std::vector<NodeId> sources = SourcesOf(hedge.piece);
    if (sources.empty()) continue;
    const NodeId source = sources[random_() % sources.size()];
    given_.insert({hedge.piece, source});
    reply.assignments.push_back({hedge.piece, 1, source, hash_of_(hedge.piece), true});
    ++hedges_;
  }
}

void FakeCoordinator::GiveRuns(const Next& next, Reply& reply) {
  uint32_t runs = 0;
  for (const Given& one : given_) runs += one.second == kOrigin && !named_.contains(one) ? 1 : 0;
  while (runs < next.origin_slots && origin_works_) {
    const std::vector<PieceRef> wanted = Wanted(next);
    const bool only_origin = banned_.size() >= options_.nodes;
    if (wanted.empty() || !(only_origin || Chance(options_.from_origin))) return;
    Assignment run{wanted[random_() % wanted.size()], 1, kOrigin, {}, false};
    given_.insert({run.first, kOrigin});
    while (run.count < options_.longest_run) {
      const PieceRef next_piece{run.first.file, run.first.piece + run.count};
      if (next_piece.piece >= Count(run.first.file) || Has(next_piece) || IsGiven(next_piece)) break;
      given_.insert({next_piece, kOrigin});
      ++run.count;
    }
    reply.assignments.push_back(run);
    ++runs;
  }
}

void FakeCoordinator::GivePieces(const Next& next, Reply& reply) {
  uint32_t given = 0;
  for (const Given& one : given_) given += one.second != kOrigin && !named_.contains(one) ? 1 : 0;
  for (const PieceRef& piece : Wanted(next)) {
    if (given >= next.peer_slots) return;
    const std::vector<NodeId> sources = SourcesOf(piece);
    if (sources.empty()) return;
    const NodeId source = sources[random_() % sources.size()];
    given_.insert({piece, source});
    reply.assignments.push_back({piece, 1, source, hash_of_(piece), false});
    ++given;
  }
}

// What the node has, or is getting, or what does not exist. Each is to be declined.
void FakeCoordinator::GiveNonsense(Reply& reply) {
  PieceRef piece{static_cast<uint32_t>(random_() % (files_.size() + 1)), static_cast<uint32_t>(random_() % 100)};
  if (!has_.empty() && Chance(50)) piece = *has_.begin();
  const NodeId source = Chance(30) ? kOrigin : 1000 + static_cast<NodeId>(random_() % 3);
  const bool exists = piece.file < files_.size() && piece.piece < Count(piece.file);
  if (exists && !Has(piece) && !IsGiven(piece)) return;
  if (given_.contains({piece, source})) return;
  given_.insert({piece, source});
  const Digest hash = exists ? hash_of_(piece) : Digest{};
  reply.assignments.push_back({piece, 1, source, hash, Chance(50)});
}

void FakeCoordinator::Withdraw(std::vector<PieceRef> pieces) {
  for (const PieceRef& piece : pieces) has_.erase(piece);
  withdrawn_ = std::move(pieces);
}

}  // namespace ballast
