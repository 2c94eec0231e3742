#include "swarm/coordinator.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "swarm/attester_audit.h"
#include "swarm/choose_source.h"
#include "swarm/distrust.h"
#include "swarm/given_pieces.h"
#include "swarm/hash_questions.h"
#include "swarm/origin_fetchers.h"
#include "swarm/source_pace.h"
#include "swarm/swarm_view.h"

namespace ballast {
namespace {

constexpr uint32_t kServedPerEvent = 8;  // of those who wait; the others' turn comes with the next events
constexpr Duration kAvoidFor = std::chrono::seconds(10);
constexpr Duration kDead = std::chrono::seconds(2);  // nobody has heard of it
constexpr Duration kServeAllEvery = std::chrono::milliseconds(100);

struct Member {
  bool connected = false;
  bool announced = false;
  bool queued = false;  // in the line of those who wait
  SteadyTime heard_at{};
  SteadyTime reached_at{};  // when it last brought somebody a piece
  uint32_t peer_slots = 0;
  uint32_t origin_slots = 0;
  std::vector<Window> windows;
};

}  // namespace

struct Coordinator::State {
  State(const std::vector<uint64_t>& sizes, const CoordinatorPolicy& the_policy)
      : view(sizes),
        policy(the_policy),
        choice{.max_origin_nodes = policy.max_origin_nodes, .origin_run_bytes = policy.origin_run_bytes} {}

  // ---- what a node says

  void Take(NodeId node, const Announce& announce, Outbox& outbox) {
    Member& member = members[node];
    member.connected = member.announced = true;
    fetchers.SetCapable(node, announce.origin);
    if (!announce.origin || distrust.Quarantined(node)) GiveUpAudits(node, outbox);
    RemoveAll(node);  // it may have lost some since
    if (announce.whole) AddAll(node);
    for (const Announce::File& file : announce.files) AddFile(node, file);
    SetSource(node, true);
  }

  void AddAll(NodeId node) {
    for (PieceIndex piece = 0; piece < view.pieces(); ++piece) view.AddPiece(node, piece);
  }

  // All its pieces, also where it had the file before and none of them was ever received.
  void AddProven(NodeId node, uint32_t file) {
    if (file >= view.files()) return;
    const SwarmView::File& facts = view.file(file);
    for (PieceIndex piece = facts.first; piece < facts.first + facts.pieces; ++piece) view.AddPiece(node, piece);
  }

  bool IsWhole(NodeId node) const {
    for (PieceIndex piece = 0; piece < view.pieces(); ++piece) {
      if (!view.node(node).have.Has(piece)) return false;
    }
    return true;
  }

  void RemoveAll(NodeId node) {
    for (PieceIndex piece = 0; piece < view.pieces(); ++piece) view.RemovePiece(node, piece);
  }

  void AddFile(NodeId node, const Announce::File& file) {
    if (file.file >= view.files() || file.pieces.count() != view.file(file.file).pieces) return;
    auto hash = file.hashes.begin();
    for (uint32_t at = file.pieces.FirstHere(); at < file.pieces.count(); at = file.pieces.FirstHere(at + 1)) {
      const PieceIndex piece = view.IndexOf({file.file, at});
      const bool said = hash != file.hashes.end();
      if (said && !view.piece(piece).hashed && !condemned.contains(*hash)) view.SetHash(piece, *hash, node);
      const bool differs = said && (!view.piece(piece).hashed || view.piece(piece).hash != *hash);
      if (hash != file.hashes.end()) ++hash;
      if (!differs) view.AddPiece(node, piece);
    }
  }

  void Take(NodeId node, const Next& next, SteadyTime now, Outbox& outbox) {
    Member& member = members[node];
    for (const Received& received : next.received) TakeReceived(node, received, now, outbox);
    for (const Failed& failed : next.failed) TakeFailed(node, failed, now);
    for (const uint32_t file : next.proven) AddProven(node, file);
    for (const uint32_t file : next.unproven) TakeUnproven(node, file, outbox);
    TakeInFlight(node, next.in_flight, now);
    const GivenPieces::OnTheWay on_the_way = given.NotNamed(node, next.in_flight);
    member.peer_slots = next.peer_slots - std::min(next.peer_slots, on_the_way.from_nodes);
    member.origin_slots = next.origin_slots - std::min(next.origin_slots, on_the_way.from_origin);
    member.windows = next.windows;
    std::erase_if(member.windows, [&](const Window& window) { return window.file >= view.files(); });
    view.SetReportedUploads(node, next.uploads);
  }

  // Pieces that turn out to be wrong by what is known here are taken back at once.
  void TakeReceived(NodeId node, const Received& received, SteadyTime now, Outbox& outbox) {
    if (!view.Knows(received.piece)) return;
    const PieceIndex piece = view.IndexOf(received.piece);
    // After a takeover it says again what came long ago: that is no progress of the origin's, nor a measure of anybody.
    if (!view.node(node).have.Has(piece)) NoteArrival(node, piece, received.source, now);
    given.EndPiece(node, piece);
    if (received.source == kOrigin) {
      if (const auto guilty = audit.OnReceived(view, node, piece, received.hash)) Condemn(*guilty, outbox);
    }
    // After a takeover a node's piece may come before anybody said its hash here.
    const bool believed = received.source == kOrigin || !condemned.contains(received.hash);
    if (!view.piece(piece).hashed && believed) view.SetHash(piece, received.hash, node);
    const SwarmView::Piece& facts = view.piece(piece);
    if (facts.hashed && facts.hash == received.hash) return view.AddPiece(node, piece);
    view.RemovePiece(node, piece);
    Reply reply;
    reply.withdrawn.push_back(received.piece);
    Post(node, std::move(reply), outbox);
  }

  void NoteArrival(NodeId node, PieceIndex piece, NodeId source, SteadyTime now) {
    if (source == kOrigin) view.CountOriginPiece();
    const auto found = given.Find(node, piece, source);
    if (!found) return;
    if (source == kOrigin) return fetchers.OnArrived(node, SizeOf(piece), found->at, now);
    members[source].reached_at = now;
    if (!TellsItsPace(node, piece, source)) return;
    pace.Note(source, node, SizeOf(piece), now - found->at);
    view.SetLimit(source, pace.Limit(source));
  }

  // The last piece of a file may be short, and a line between zones is no fault of the node behind it.
  bool TellsItsPace(NodeId node, PieceIndex piece, NodeId source) const {
    const PieceRef ref = view.RefOf(piece);
    return ref.piece + 1 < view.file(ref.file).pieces && view.node(node).zone == view.node(source).zone;
  }

  uint64_t SizeOf(PieceIndex piece) const { return view.file(view.RefOf(piece).file).piece_size; }

  void TakeFailed(NodeId node, const Failed& failed, SteadyTime now) {
    for (uint32_t i = 0; i < failed.count; ++i) {
      const PieceRef ref{failed.first.file, failed.first.piece + i};
      if (!view.Knows(ref)) return;
      given.End(node, view.IndexOf(ref), failed.source);
      if (failed.source != kOrigin && Known(failed.source)) Blame(node, view.IndexOf(ref), failed, now);
    }
  }

  void Blame(NodeId node, PieceIndex piece, const Failed& failed, SteadyTime now) {
    const NodeId source = failed.source;
    switch (failed.reason) {
      case FailureReason::kCancelled:
        return;
      case FailureReason::kMissing:
        return view.RemovePiece(source, piece);
      case FailureReason::kCorrupt:
        view.RemovePiece(source, piece);
        if (distrust.SentWrongBytes(source, node)) Quarantine(source);
        return distrust.Avoid(node, source, SteadyTime::max());
      case FailureReason::kUnreachable:
        // Where nobody hears of it either, it is down for all.
        if (!members[source].connected || now - std::max(members[source].heard_at, members[source].reached_at) > kDead)
          SetSource(source, false);
        return distrust.Avoid(node, source, now + kAvoidFor);
      case FailureReason::kBusy:
        return distrust.Avoid(node, source, now + std::chrono::milliseconds(500));
      case FailureReason::kSlow:
        pace.NoteSlow(source);
        view.SetLimit(source, pace.Limit(source));
        return distrust.Avoid(node, source, now + kAvoidFor);
      case FailureReason::kOrigin:
        return;
    }
  }

  void Quarantine(NodeId node) {
    distrust.Quarantine(node);
    fetchers.Bar(node);
    SetSource(node, false);
  }

  void SetSource(NodeId node, bool source) { view.SetSource(node, source && !distrust.Quarantined(node)); }

  // What a node fetches and was not given here: a coordinator before this one gave it.
  void TakeInFlight(NodeId node, const std::vector<InFlight>& in_flight, SteadyTime now) {
    for (const InFlight& one : in_flight) {
      if (one.source != kOrigin && !Known(one.source)) continue;
      for (uint32_t i = 0; i < one.count; ++i) {
        const PieceRef ref{one.first.file, one.first.piece + i};
        if (!view.Knows(ref)) break;
        const PieceIndex piece = view.IndexOf(ref);
        if (!view.node(node).have.Has(piece)) given.Give(node, piece, one.source, now);
      }
    }
  }

  // ---- whose word was false

  void TakeUnproven(NodeId node, uint32_t file, Outbox& outbox) {
    if (file >= view.files()) return;
    const std::vector<PieceIndex> pieces = audit.OnUnproven(view, node, file);
    Withdraw(node, pieces, outbox);
  }

  void Withdraw(NodeId node, const std::vector<PieceIndex>& pieces, Outbox& outbox) {
    Reply reply;
    for (const PieceIndex piece : pieces) {
      if (!view.node(node).have.Has(piece)) continue;
      view.RemovePiece(node, piece);
      reply.withdrawn.push_back(view.RefOf(piece));
    }
    Post(node, std::move(reply), outbox);
  }

  // It has gone, or the origin gives it nothing.
  void GiveUpAudits(NodeId node, Outbox& outbox) {
    for (const auto& [other, file] : audit.OnGone(node)) TakeUnproven(other, file, outbox);
  }

  // All that it attested is fetched again, by everybody who has it.
  void Condemn(NodeId attester, Outbox& outbox) {
    Quarantine(attester);
    std::vector<PieceIndex> pieces;
    for (PieceIndex piece = 0; piece < view.pieces(); ++piece) {
      if (!view.piece(piece).hashed || view.piece(piece).attester != attester) continue;
      condemned.insert(view.piece(piece).hash);
      view.ClearHash(piece);
      pieces.push_back(piece);
    }
    for (NodeId node = 0; node < members.size(); ++node) {
      if (Known(node)) Withdraw(node, pieces, outbox);
    }
  }

  // ---- who gets what

  void Serve(NodeId node, SteadyTime now, Reply& reply) {
    Member& member = members[node];
    const std::vector<NodeId> avoid = distrust.Avoided(node, now);
    SourceRequest request{.node = node,
                          .windows = member.windows,
                          .avoid = avoid,
                          .origin_capable = fetchers.capable(),
                          .longest_run = fetchers.LongestRun(node)};
    ServeAudit(node, now, reply);
    bool wants = false;
    while (audit.ToFetch(node).empty()) {
      const bool origin = member.origin_slots > 0 && fetchers.MayFetch(node, now);
      request.origin = origin && !fetchers.MustWait(node, now);
      request.nodes = member.peer_slots > 0;
      request.salt = ++salt;
      wants = origin || request.nodes;
      if (!request.origin && !request.nodes) break;
      const auto chosen = ChooseSource(view, request, choice);
      if (!chosen) break;
      --(chosen->source == kOrigin ? member.origin_slots : member.peer_slots);
      Assign(node, *chosen, now, reply);
    }
    if (wants && !std::exchange(member.queued, true)) waiting.push_back(node);
  }

  // Once the node has given them up, and wants their file again.
  void ServeAudit(NodeId node, SteadyTime now, Reply& reply) {
    Member& member = members[node];
    for (const PieceIndex piece : audit.ToFetch(node)) {
      const PieceRef ref = view.RefOf(piece);
      const bool wanted = std::ranges::any_of(
          member.windows, [&](const Window& window) { return window.file == ref.file && window.begin <= ref.piece; });
      if (member.origin_slots == 0) return;
      if (!wanted || view.node(node).pending.Has(piece)) continue;
      --member.origin_slots;
      Assign(node, {.first = ref, .count = 1, .source = kOrigin}, now, reply);
    }
  }

  void Assign(NodeId node, const Assignment& chosen, SteadyTime now, Reply& reply) {
    if (chosen.source == kOrigin) fetchers.OnSent(node, now);
    for (uint32_t i = 0; i < chosen.count; ++i) {
      given.Give(node, view.IndexOf({chosen.first.file, chosen.first.piece + i}), chosen.source, now);
    }
    reply.assignments.push_back(chosen);
  }

  void ServeHedges(NodeId node, const std::vector<Hedge>& hedges, SteadyTime now, Reply& reply) {
    for (const Hedge& hedge : hedges) {
      if (!view.Knows(hedge.piece)) continue;
      const PieceIndex piece = view.IndexOf(hedge.piece);
      std::vector<NodeId> avoid = distrust.Avoided(node, now);
      avoid.push_back(hedge.late);
      for (const Given& one : given.Of(node)) {
        if (one.piece == piece) avoid.push_back(one.source);
      }
      auto chosen = ChooseForPiece(view, {.node = node, .avoid = avoid, .salt = ++salt}, piece);
      if (!chosen) continue;
      chosen->hedge = true;
      Assign(node, *chosen, now, reply);
    }
  }

  // Of one whose holder has not said the hashes: another may.
  void AskForWaiting(SteadyTime now) {
    for (const NodeId node : waiting) questions.Ask(members[node].windows, now);
  }

  void ServeWaiting(size_t limit, SteadyTime now, Outbox& outbox) {
    for (size_t i = std::min(limit, waiting.size()); i > 0; --i) {
      const NodeId node = waiting.front();
      waiting.pop_front();
      members[node].queued = false;
      if (!members[node].connected) continue;
      Reply reply;
      Serve(node, now, reply);
      Post(node, std::move(reply), outbox);
    }
  }

  static void Post(NodeId node, Reply reply, Outbox& outbox) {
    if (!reply.assignments.empty() || !reply.withdrawn.empty() || reply.announce)
      outbox.push_back({node, std::move(reply)});
  }

  bool Known(NodeId node) const { return view.KnowsNode(node); }

  SwarmView view;
  const CoordinatorPolicy policy;
  const ChoicePolicy choice;
  SourcePace pace{policy.max_uploads};
  OriginFetchers fetchers{view, policy.max_origin_nodes};
  GivenPieces given{view};
  AttesterAudit audit;
  std::set<Digest> condemned;  // hashes that a node attested which was found to be wrong
  Distrust distrust{policy.corrupt_reports};
  HashQuestions questions{view};
  std::vector<Member> members;
  std::deque<NodeId> waiting;
  uint32_t salt = 0;
  SteadyTime served_all_at{};
};

Coordinator::Coordinator(const std::vector<uint64_t>& sizes, const CoordinatorPolicy& policy)
    : state_(std::make_unique<State>(sizes, policy)) {}
Coordinator::~Coordinator() = default;

void Coordinator::SetNode(NodeId node, uint16_t zone) {
  State& state = *state_;
  if (node >= state.members.size()) state.members.resize(node + 1);
  if (state.Known(node) && state.view.node(node).zone != zone) state.given.EndAll(node);
  state.view.AddNode(node, zone, state.policy.max_uploads);
}

Coordinator::Outbox Coordinator::On(NodeId node, const Announce& announce, SteadyTime now) {
  Outbox outbox;
  state_->members[node].heard_at = now;
  state_->Take(node, announce, outbox);
  state_->ServeWaiting(kServedPerEvent, now, outbox);
  return outbox;
}

Coordinator::Outbox Coordinator::On(NodeId node, const Next& next, SteadyTime now) {
  Outbox outbox;
  Member& member = state_->members[node];
  member.heard_at = now;
  Reply reply;
  if (!member.announced) {
    reply.announce = true;
  } else {
    state_->SetSource(node, true);
    state_->Take(node, next, now, outbox);
    state_->questions.Ask(member.windows, now);
    state_->ServeHedges(node, next.hedges, now, reply);
    state_->ServeWaiting(kServedPerEvent, now, outbox);  // before the one who speaks: it does not wait
    state_->Serve(node, now, reply);
  }
  State::Post(node, std::move(reply), outbox);
  return outbox;
}

Coordinator::Outbox Coordinator::OnGone(NodeId node, SteadyTime now) {
  Outbox outbox;
  State& state = *state_;
  Member& member = state.members[node];
  member.connected = member.announced = false;
  member.peer_slots = member.origin_slots = 0;
  state.fetchers.SetCapable(node, false);
  state.given.EndAll(node);
  // Whoever has all of it goes because it has finished, and may be the only one that has some piece.
  state.SetSource(node, state.IsWhole(node));
  state.GiveUpAudits(node, outbox);
  state.ServeWaiting(kServedPerEvent, now, outbox);
  return outbox;
}

Coordinator::Outbox Coordinator::OnDropped(NodeId node, SteadyTime now) {
  state_->RemoveAll(node);
  return OnGone(node, now);
}

Coordinator::Outbox Coordinator::OnHolder(NodeId node, SteadyTime now) {
  Outbox outbox;
  state_->AddAll(node);
  state_->members[node].heard_at = now;
  state_->SetSource(node, true);
  state_->ServeWaiting(state_->waiting.size(), now, outbox);
  return outbox;
}

Coordinator::Outbox Coordinator::OnHashes(NodeId holder, uint32_t file, std::span<const Digest> hashes,
                                          SteadyTime now) {
  Outbox outbox;
  State& state = *state_;
  if (file >= state.view.files()) return outbox;
  // One that said it has the file, and has not, or not any more, is no source.
  if (!state.questions.Answered(holder, file, hashes)) {
    state.SetSource(holder, false);
    state.AskForWaiting(now);
  }
  state.ServeWaiting(state.waiting.size(), now, outbox);
  return outbox;
}

Coordinator::Outbox Coordinator::Tick(SteadyTime now) {
  Outbox outbox;
  State& state = *state_;
  for (NodeId node = 0; node < state.members.size(); ++node) {
    Member& member = state.members[node];
    if (!member.connected || state.given.Of(node).empty() || now - member.heard_at < state.policy.silence) continue;
    state.given.EndAll(node);
    state.SetSource(node, false);  // until it is heard again
  }
  state.questions.AskOthers(now);
  const std::vector<NodeId> silent = state.questions.GiveUp(now);
  for (const NodeId holder : silent) state.SetSource(holder, false);
  if (!silent.empty()) state.AskForWaiting(now);
  state.served_all_at = now;
  state.ServeWaiting(state.waiting.size(), now, outbox);
  return outbox;
}

std::optional<SteadyTime> Coordinator::NextTick() const {
  const bool anybody = std::ranges::any_of(state_->members, [](const Member& member) { return member.connected; });
  if (!anybody) return std::nullopt;
  return state_->served_all_at + (state_->waiting.empty() ? state_->policy.silence / 2 : kServeAllEvery);
}

std::vector<HashQuestions::Question> Coordinator::TakeHashesWanted() { return state_->questions.Take(); }

std::vector<NodeId> Coordinator::TakeQuarantined() { return state_->distrust.Take(); }

std::vector<Coordinator::Transfer> Coordinator::Transfers() const {
  std::vector<Transfer> transfers;
  for (NodeId node = 0; node < state_->members.size(); ++node) {
    for (const Given& given : state_->given.Of(node)) {
      transfers.push_back({state_->view.RefOf(given.piece), 1, given.source, node});
    }
  }
  return transfers;
}

}  // namespace ballast
