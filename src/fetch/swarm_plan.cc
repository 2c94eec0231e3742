// SwarmPlan: what is assigned, and what comes of it.
#include "fetch/swarm_plan.h"

#include <algorithm>

#include "base/strings.h"
#include "fetch/swarm_pace.h"

namespace ballast::fetch {
namespace {

FailureReason ReasonOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kResourceExhausted:
      return FailureReason::kBusy;
    case StatusCode::kNotFound:
      return FailureReason::kMissing;
    case StatusCode::kDeadlineExceeded:
      return FailureReason::kSlow;
    case StatusCode::kDataLoss:
      return FailureReason::kCorrupt;
    case StatusCode::kAlreadyExists:
      return FailureReason::kCancelled;
    default:
      return FailureReason::kUnreachable;
  }
}

}  // namespace

// ---- what is assigned

void SwarmPlan::Heard(const Reply& reply) {
  if (reply.announce) {
    SwarmState& swarm = Swarm();
    swarm.announce = true;
    swarm.received.clear();
    swarm.unproven.clear();
    for (FileIndex index = 0; index < state_.files.size(); ++index) {
      const FileState& file = File(index);
      if (file.phase == Phase::kUnproven) swarm.unproven.push_back(index);
      for (uint32_t piece = 0; piece < file.facts.size(); ++piece) {
        const PieceFacts& facts = file.facts[piece];
        if (facts.known) swarm.received.push_back({{index, piece}, facts.source, facts.hash});
      }
    }
  }
  for (const PieceRef& piece : reply.withdrawn) Withdraw(piece);
  for (const PieceRef& piece : reply.withdrawn) DropWithdrawn(piece.file);
  if (state_.ending) return;
  for (const Assignment& assignment : reply.assignments) Take(assignment);
  // The coordinator knows what it has given: to say so would be half of all messages.
  Swarm().said_peer_slots = std::min(Swarm().said_peer_slots, FreePeerSlots());
  Swarm().said_origin_slots = std::min(Swarm().said_origin_slots, FreeOriginSlots());
}

void SwarmPlan::Take(const Assignment& assignment) {
  if (!IsOurs(assignment)) return Decline(assignment, 0, FailureReason::kCancelled);
  if (assignment.source == kOrigin) return TakeRun(assignment);
  TakePiece(assignment);
}

bool SwarmPlan::IsOurs(const Assignment& assignment) const {
  if (assignment.first.file >= state_.files.size() || assignment.count == 0) return false;
  const FileState& file = state_.files[assignment.first.file];
  return file.phase == Phase::kActive && !file.alone && assignment.first.piece < file.pieces.count() &&
         assignment.count <= file.pieces.count() - assignment.first.piece;
}

// The pieces of the run up to the first that is here or under way.
void SwarmPlan::TakeRun(const Assignment& run) {
  const auto [index, first] = run.first;
  if (FreeOriginSlots() == 0) {
    return Decline(run, 0, Swarm().origin_works ? FailureReason::kCancelled : FailureReason::kOrigin);
  }
  uint32_t count = 0;
  while (count < run.count && MayBegin({index, first + count})) ++count;
  if (count == 0 && run.count == 1 && MayHedge(run)) count = 1;
  Decline(run, count, FailureReason::kCancelled);
  if (count == 0) return;
  Swarm().hedges.erase(run.first);
  const PieceMap& pieces = File(index).pieces;
  const ByteRange range{pieces.Range(first).begin, pieces.Range(first + count - 1).end};
  context_.Emit(Read{context_.AddStream({.file = index, .range = range, .position = range.begin}), index, range});
}

void SwarmPlan::TakePiece(const Assignment& piece) {
  const PieceRef ref = piece.first;
  if (Swarm().corrupt.contains(piece.source)) return Decline(piece, 0, FailureReason::kCorrupt);
  const bool fits =
      piece.count == 1 && FromNodes() < SlotsByBuffers() + SlotsToGather(state_) && (MayBegin(ref) || MayHedge(piece));
  if (!fits) return Decline(piece, 0, FailureReason::kCancelled);
  Swarm().hedges.erase(ref);
  const ByteRange range = File(ref.file).pieces.Range(ref.piece);
  const StreamId id = context_.AddStream(
      {.file = ref.file, .range = range, .position = range.begin, .source = piece.source, .hash = piece.hash});
  context_.Emit(ReadPiece{id, ref, piece.source, piece.hash});
}

void SwarmPlan::Decline(const Assignment& assignment, uint32_t from, FailureReason reason) {
  if (from >= assignment.count) return;
  const PieceRef first{assignment.first.file, assignment.first.piece + from};
  Swarm().news = true;
  Swarm().failed.push_back({first, assignment.count - from, assignment.source, reason});
}

// Neither here nor under way.
bool SwarmPlan::MayBegin(PieceRef piece) const {
  const FileState& file = state_.files[piece.file];
  if (file.pieces.has(piece.piece)) return false;
  const uint64_t begin = file.pieces.Range(piece.piece).begin;
  return std::none_of(file.streams.begin(), file.streams.end(), [&](StreamId id) {
    const Stream& stream = state_.streams.at(id);
    return stream.position <= begin && begin < stream.range.end;
  });
}

// The piece comes from one node, and late.
bool SwarmPlan::MayHedge(const Assignment& assignment) const {
  const FileState& file = state_.files[assignment.first.file];
  if (!assignment.hedge || file.pieces.has(assignment.first.piece)) return false;
  const uint64_t begin = file.pieces.Range(assignment.first.piece).begin;
  int streams = 0;
  for (const StreamId id : file.streams) {
    const Stream& stream = state_.streams.at(id);
    if (stream.range.begin > begin || begin >= stream.range.end) continue;
    if (stream.source == kOrigin || stream.source == assignment.source) return false;
    ++streams;
  }
  return streams == 1;
}

// ---- what comes of it

void SwarmPlan::Gained() {
  SwarmState& swarm = Swarm();
  swarm.gained_at = now_;
  swarm.pleaded_at = now_;
  swarm.alone_at = {};
}

void SwarmPlan::Receive(PieceRef ref, NodeId source, const Digest& hash) {
  FileState& file = File(ref.file);
  file.pieces.Add(ref.piece);
  if (file.facts.empty()) file.facts.resize(file.pieces.count());
  file.facts[ref.piece] = {true, source, hash};
  file.failures = 0;
  state_.last_error = OkStatus();
  Swarm().hedges.erase(ref);
  Swarm().received.push_back({ref, source, hash});
  Swarm().news = true;
  Gained();
  CancelOthers(ref);
}

// Of two that bring one piece, the slower one.
void SwarmPlan::CancelOthers(PieceRef piece) {
  const FileState& file = File(piece.file);
  const ByteRange range = file.pieces.Range(piece.piece);
  for (const StreamId id : file.streams) {
    Stream& stream = state_.streams.at(id);
    if (stream.range != range || stream.position != range.begin || stream.cancelled) continue;
    stream.cancelled = FailureReason::kCancelled;
    context_.Emit(Cancel{id});
  }
}

void SwarmPlan::PieceEnded(const fetch::PieceEnded& ended) {
  if (!state_.streams.contains(ended.stream)) return;
  const Stream stream = context_.TakeStream(ended.stream);
  const PieceRef ref{stream.file, static_cast<uint32_t>(stream.range.begin / File(stream.file).pieces.piece_size())};
  Swarm().news = true;
  if (ended.status.ok()) {
    NotePace(Swarm().pace, now_ - stream.moved_at, stream.range.size());
    Receive(ref, stream.source, stream.hash);
  } else if (ended.local) {
    context_.End(ended.status);
  } else {
    PieceFailed(stream, ref, ended.status);
  }
  context_.CommitIfComplete(stream.file);
}

void SwarmPlan::PieceFailed(const Stream& stream, PieceRef piece, const Status& status) {
  const bool by_us = stream.cancelled && status.code() == StatusCode::kCancelled;
  const FailureReason reason = by_us ? *stream.cancelled : ReasonOf(status);
  Swarm().failed.push_back({piece, 1, stream.source, reason});
  Swarm().hedges.erase(piece);
  if (reason != FailureReason::kCorrupt || !Swarm().corrupt.insert(stream.source).second) return;
  context_.Emit(Distrust{stream.source, piece});
}

void SwarmPlan::Advanced(Stream& stream, const Digest& hash) {
  const PieceMap& pieces = File(stream.file).pieces;
  const auto piece = static_cast<uint32_t>((stream.position - 1) / pieces.piece_size());
  NotePace(Swarm().origin_pace, now_ - stream.moved_at, pieces.Range(piece).size());
  stream.moved_at = now_;
  Swarm().origin_failures = 0;
  Receive({stream.file, piece}, kOrigin, hash);
}

void SwarmPlan::RunEnded(const Stream& stream, const Ended& ended) {
  Swarm().news = true;
  const uint64_t piece_size = File(stream.file).pieces.piece_size();
  if (stream.position < stream.range.end) {
    const auto first = static_cast<uint32_t>(stream.position / piece_size);
    const auto end = static_cast<uint32_t>((stream.range.end + piece_size - 1) / piece_size);
    const bool faster = stream.cancelled || ended.status.code() == StatusCode::kAlreadyExists;
    const FailureReason reason = faster ? stream.cancelled.value_or(FailureReason::kCancelled) : FailureReason::kOrigin;
    Swarm().failed.push_back({{stream.file, first}, end - first, kOrigin, reason});
    Swarm().hedges.erase({stream.file, first});
    if (reason == FailureReason::kSlow) return OriginFailed(Unavailable("the origin has been silent for long"));
    if (faster) return;
  }
  if (ended.local) return context_.End(ended.status);
  if (!ended.status.ok()) return OriginFailed(ended.status);
  if (stream.position < stream.range.end) OriginFailed(DataLoss("the source sent nothing and called it complete"));
}

void SwarmPlan::OriginFailed(const Status& status) {
  SwarmState& swarm = Swarm();
  swarm.origin_error = status;
  if (!MayPass(status) && status.code() != StatusCode::kCancelled) {
    if (!std::exchange(swarm.origin_works, false)) return;
    swarm.announce = true;
    context_.Emit(Say{
        StrCat("the origin gives this node nothing (", status.message(), "); it goes on with what other nodes bring")});
    return;
  }
  state_.last_error = status;
  const auto asked = std::min<std::chrono::milliseconds>(status.retry_after(), state_.rules.max_retry_after);
  const std::chrono::milliseconds delay = context_.Delay(++swarm.origin_failures);
  swarm.origin_retry_at = std::max(swarm.origin_retry_at, now_ + std::max(delay, asked));
}

}  // namespace ballast::fetch
