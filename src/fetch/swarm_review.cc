// SwarmPlan: what time changes.
#include <algorithm>

#include "base/strings.h"
#include "fetch/swarm_pace.h"
#include "fetch/swarm_plan.h"

namespace ballast::fetch {
namespace {

constexpr double kEndGame = 0.02;  // of all pieces

bool NothingRuns(const State& state) { return state.jobs() == 0 && !state.files.empty(); }

}  // namespace

void SwarmPlan::Review() {
  if (Swarm().gained_at == SteadyTime{}) Gained();  // the beginning
  ReviewLate();
  ReviewUnproven();
  ReviewStarving();
}

// ---- late pieces

void SwarmPlan::ReviewLate() {
  const bool at_the_end = AtTheEnd();
  for (auto& [id, stream] : state_.streams) {
    if (stream.cancelled || File(stream.file).alone) continue;
    if (stream.source == kOrigin) {
      ReviewOrigin(id, stream);
    } else {
      ReviewPeer(id, stream, at_the_end);
    }
  }
}

void SwarmPlan::ReviewPeer(StreamId id, Stream& stream, bool at_the_end) {
  const Duration took = now_ - stream.moved_at;
  if (took < Rules().least_late) return;
  const Duration late = LateAfter(state_, stream, at_the_end);
  if (took < late || IsHedged(stream)) return;
  const PieceRef ref{stream.file, static_cast<uint32_t>(stream.range.begin / File(stream.file).pieces.piece_size())};
  if (Swarm().hedges.contains(ref)) return;
  const auto wanted = static_cast<uint32_t>(Swarm().hedges.size());
  if (FromNodes() + wanted < PeerSlots() && Hedges() < Rules().most_hedges) {
    Swarm().hedges.insert(ref);
    Swarm().news = true;
  } else if (took >= 2 * late && FromNodes() >= PeerSlots()) {
    GiveBack(id, stream);  // no room to wait for it beside another
  }
}

void SwarmPlan::ReviewOrigin(StreamId id, Stream& stream) {
  if (now_ - stream.moved_at >= SilentAfter(state_, stream)) GiveBack(id, stream);
}

void SwarmPlan::GiveBack(StreamId id, Stream& stream) {
  stream.cancelled = FailureReason::kSlow;
  context_.Emit(Cancel{id});
}

bool SwarmPlan::IsHedged(const Stream& stream) const {
  const auto& streams = state_.files[stream.file].streams;
  return std::count_if(streams.begin(), streams.end(),
                       [&](StreamId id) { return state_.streams.at(id).range.begin == stream.range.begin; }) > 1;
}

// Everything that is missing is under way, and it is little.
bool SwarmPlan::AtTheEnd() const {
  if (!state_.waiting.empty() || !state_.postponed.empty() || state_.opening > 0) return false;
  uint64_t pieces = 0;
  uint64_t missing = 0;
  for (const FileIndex index : state_.active) {
    const PieceMap& map = state_.files[index].pieces;
    pieces += map.count();
    missing += map.count() - map.have_count();
  }
  const auto few = std::max<uint64_t>(PeerSlots(), static_cast<uint64_t>(kEndGame * static_cast<double>(pieces)));
  return missing <= few && missing <= state_.streams.size();
}

// ---- where nothing comes

void SwarmPlan::ReviewUnproven() {
  if (Swarm().in_doubt == 0) return;
  for (FileIndex index = 0; index < state_.files.size(); ++index) {
    const FileState& file = state_.files[index];
    if (file.phase == Phase::kUnproven && !file.dropping && now_ >= file.give_up_at) FetchAlone(index);
  }
}

void SwarmPlan::ReviewStarving() {
  SwarmState& swarm = Swarm();
  const Duration hungry = now_ - swarm.gained_at;
  const bool origin_helps = swarm.origin_works && swarm.origin_failures < state_.rules.max_failures;
  if (!NothingRuns(state_) || state_.active.empty()) return;
  if (hungry >= Rules().give_up && !origin_helps) {
    const Status& error = swarm.origin_error;
    return context_.End(swarm.origin_works ? error.WithContext(StrCat("gave up after ", swarm.origin_failures,
                                                                      " attempts without progress"))
                                           : error);
  }
  if (now_ - swarm.pleaded_at >= state_.rules.stall) {
    swarm.pleaded_at = now_;
    swarm.announce = true;
    context_.Emit(Say{StrCat("nothing has come for ", std::chrono::duration_cast<std::chrono::seconds>(hungry).count(),
                             " s, from nodes or the origin: the swarm is told again what is missing")});
  }
  if (hungry < Rules().go_alone) return;
  if (swarm.alone_at == SteadyTime{}) {  // nodes that starve together go apart
    const double share = static_cast<double>((state_.rules.seed++ * 2654435761U) >> 16U) / 65536;
    const auto more = std::chrono::duration<double>(Rules().go_alone) * share;
    swarm.alone_at = swarm.gained_at + Rules().go_alone + std::chrono::duration_cast<Duration>(more);
  }
  if (now_ < swarm.alone_at) return;
  context_.Emit(
      Say{"no node brings what is missing, and nobody says from where to get it: it is fetched from the origin"});
  for (const FileIndex index : state_.active) File(index).alone = true;
  Gained();
}

SteadyTime NextSwarmTick(const State& state, SteadyTime now) {
  const SwarmState& swarm = state.swarm;
  const SwarmRules& rules = *state.rules.swarm;
  SteadyTime next = now + state.rules.stall;
  const auto at = [&](SteadyTime time) {
    if (time > now) next = std::min(next, time);
  };
  for (const auto& [id, stream] : state.streams) {
    if (stream.cancelled || state.files[stream.file].alone) continue;
    if (stream.source == kOrigin) {
      at(stream.moved_at + SilentAfter(state, stream));
      continue;
    }
    at(stream.moved_at + LateAfter(state, stream, true));
    at(stream.moved_at + LateAfter(state, stream, false));
    at(stream.moved_at + 2 * LateAfter(state, stream, false));
  }
  if (!state.streams.empty()) at(swarm.said_at + rules.sign_of_life);
  at(swarm.say_at);
  at(swarm.origin_retry_at);
  at(swarm.gained_at + rules.give_up);
  at(swarm.gained_at + rules.go_alone);
  at(swarm.alone_at);
  at(swarm.pleaded_at + state.rules.stall);
  for (FileIndex index = 0; swarm.in_doubt > 0 && index < state.files.size(); ++index) {
    if (state.files[index].phase == Phase::kUnproven) at(state.files[index].give_up_at);
  }
  return next;
}

std::string SwarmWaitsFor(const State& state, SteadyTime now) {
  const auto hungry = std::chrono::duration_cast<std::chrono::seconds>(now - state.swarm.gained_at);
  if (hungry < std::chrono::seconds(5) || state.finished) return "";
  if (state.swarm.in_doubt > 0) return "a file has not its digest; it is being found out which pieces are to blame";
  return StrCat("nothing has come from nodes or the origin for ", hungry.count(), " s");
}

}  // namespace ballast::fetch
