// SwarmPlan: what the coordinator is told.
#include <algorithm>
#include <utility>

#include "fetch/swarm_pace.h"
#include "fetch/swarm_plan.h"

namespace ballast::fetch {
namespace {

// Of the pieces that are here; empty where one of them came before the swarm.
std::vector<Digest> HashesOf(const FileState& file) {
  std::vector<Digest> hashes;
  for (const PieceFacts& facts : file.facts) {
    if (facts.known) hashes.push_back(facts.hash);
  }
  if (hashes.size() != file.pieces.have_count()) hashes.clear();
  return hashes;
}

uint64_t LargestPiece(const State& state) {
  uint64_t largest = 1;
  for (const FileIndex index : state.active) {
    largest = std::max<uint64_t>(largest, state.files[index].pieces.piece_size());
  }
  return largest;
}

}  // namespace

bool SwarmPlan::MayOpenOneMore() const {
  const size_t open = state_.active.size() + static_cast<size_t>(state_.opening);
  if (open >= Rules().open_files) return false;
  uint64_t wanted = static_cast<uint64_t>(state_.opening) * kWindowPieces;
  for (const FileIndex index : state_.active) {
    const PieceMap& pieces = state_.files[index].pieces;
    wanted += std::min(pieces.count() - pieces.have_count(), kWindowPieces);
  }
  return wanted < Rules().open_pieces;
}

int MostSwarmSlots(const State& state) {
  const SwarmRules& rules = *state.rules.swarm;
  return static_cast<int>(rules.most_slots + SlotsToGather(state) + rules.origin_slots);
}

uint32_t SwarmPlan::SlotsByBuffers() const {
  return static_cast<uint32_t>(
      std::clamp<uint64_t>(Rules().buffers / LargestPiece(state_), Rules().least_slots, Rules().most_slots));
}

uint32_t SwarmPlan::PeerSlots() const { return SlotsByBuffers() + (Gathers() ? SlotsToGather(state_) : 0); }

bool SwarmPlan::Gathers() const {
  if (SlotsToGather(state_) == 0) return false;
  const std::optional<Duration> interval = IntervalOf(state_, LargestPiece(state_), SlotsByBuffers());
  return interval && 2 * *interval <= Rules().gather;
}

// Nothing but pieces from nodes has come, and enough others are under way.
bool SwarmPlan::MaySayLater(uint32_t free_origin_slots) const {
  const SwarmState& swarm = state_.swarm;
  if (!Gathers() || now_ - swarm.said_at >= Rules().gather || 2 * FromNodes() < PeerSlots()) return false;
  if (free_origin_slots > swarm.said_origin_slots || !swarm.hedges.empty()) return false;
  if (!swarm.failed.empty() || !swarm.proven.empty() || !swarm.unproven.empty()) return false;
  return std::ranges::none_of(swarm.received, [](const Received& one) { return one.source == kOrigin; });
}

uint32_t SwarmPlan::FromNodes() const {
  return static_cast<uint32_t>(std::count_if(state_.streams.begin(), state_.streams.end(),
                                             [](const auto& stream) { return stream.second.source != kOrigin; }));
}

uint32_t SwarmPlan::FromOrigin() const { return static_cast<uint32_t>(state_.streams.size()) - FromNodes(); }

uint32_t SwarmPlan::FreePeerSlots() const {
  const uint32_t taken = FromNodes() + static_cast<uint32_t>(state_.swarm.hedges.size());
  return PeerSlots() - std::min(PeerSlots(), taken);
}

uint32_t SwarmPlan::FreeOriginSlots() const {
  const SwarmState& swarm = state_.swarm;
  if (!swarm.origin_works || now_ < swarm.origin_retry_at) return 0;
  return Rules().origin_slots - std::min(Rules().origin_slots, FromOrigin());
}

// Wanted and running.
uint32_t SwarmPlan::Hedges() const {
  const auto of_pairs = std::count_if(state_.streams.begin(), state_.streams.end(), [this](const auto& stream) {
    return stream.second.source != kOrigin && IsHedged(stream.second);
  });
  return static_cast<uint32_t>(state_.swarm.hedges.size()) + static_cast<uint32_t>((of_pairs + 1) / 2);
}

void SwarmPlan::Speak() {
  SwarmState& swarm = Swarm();
  const bool announced = std::exchange(swarm.announce, false);
  if (announced) {
    context_.Emit(Tell{MakeAnnounce()});
    swarm.news = true;
  }
  const uint32_t peers = FreePeerSlots();
  const uint32_t origin = FreeOriginSlots();
  const bool other_slots = peers != swarm.said_peer_slots || origin != swarm.said_origin_slots;
  const bool long_silent = !state_.streams.empty() && now_ - swarm.said_at >= Rules().sign_of_life;
  swarm.say_at = {};
  if (!swarm.news && !other_slots && !long_silent) return;
  if (!announced && MaySayLater(origin)) {
    swarm.say_at = swarm.said_at + Rules().gather;
    return;
  }
  swarm.news = false;
  swarm.said_at = now_;
  swarm.said_peer_slots = peers;
  swarm.said_origin_slots = origin;
  context_.Emit(Tell{MakeNext()});
}

Announce SwarmPlan::MakeAnnounce() {
  Announce announce;
  announce.origin = Swarm().origin_works;
  announce.whole = state_.done == state_.files.size();
  if (announce.whole) return announce;
  for (FileIndex index = 0; index < state_.files.size(); ++index) {
    const FileState& file = File(index);
    if (!file.duplicate && file.pieces.have_count() > 0) announce.files.push_back({index, file.pieces, HashesOf(file)});
  }
  return announce;
}

Next SwarmPlan::MakeNext() {
  SwarmState& swarm = Swarm();
  Next next;
  next.peer_slots = swarm.said_peer_slots;
  next.origin_slots = swarm.said_origin_slots;
  for (const FileIndex index : state_.active) {
    FileState& file = File(index);
    file.frontier = file.pieces.FirstMissing(file.frontier);
    if (!file.alone && !file.pieces.complete()) next.windows.push_back({index, file.frontier});
  }
  for (const auto& [id, stream] : state_.streams) {
    if (File(stream.file).alone) continue;  // nobody else's business
    const uint64_t size = File(stream.file).pieces.piece_size();
    const auto first = static_cast<uint32_t>((stream.position + size - 1) / size);  // the last piece may be short
    const auto end = static_cast<uint32_t>((stream.range.end + size - 1) / size);
    if (first < end) next.in_flight.push_back({{stream.file, first}, end - first, stream.source});
  }
  for (const PieceRef& piece : swarm.hedges) {
    const auto late = std::find_if(next.in_flight.begin(), next.in_flight.end(),
                                   [&](const InFlight& one) { return one.first == piece; });
    if (late != next.in_flight.end()) next.hedges.push_back({piece, late->source});
  }
  next.received = std::exchange(swarm.received, {});
  next.failed = std::exchange(swarm.failed, {});
  next.proven = std::exchange(swarm.proven, {});
  next.unproven = std::exchange(swarm.unproven, {});
  return next;
}

}  // namespace ballast::fetch
