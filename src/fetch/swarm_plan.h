// The brain's part in a swarm: a coordinator says which pieces to get from where; this says what the node lacks, begins
// what it is told, and reports what came of it. The rules:
//   * pieces are asked for within kWindowPieces of the first one of its file that is missing;
//   * whatever was assigned ends as received or failed, and is reported so, once;
//   * a piece has one stream, or two while a late one is hedged; the first to arrive counts, the other is cancelled;
//   * pieces in flight from nodes never exceed the slots, nor runs from the origin Rules::origin_slots;
//   * what only says that pieces came from nodes may wait a moment where many come and most slots are busy; all else is
//     said at once;
//   * a piece that takes far longer than others is hedged where a slot is free, else given up; so is a run from the
//     origin that has brought no piece for long;
//   * a source's failure is no failure of the file. A node that sent other bytes than their hash is asked no more;
//   * the origin is asked again after a backoff. Where it refuses for good, this node goes on with what others bring;
//     the download ends with the origin's error where nobody has brought a byte for long;
//   * nothing comes, although the origin works: what is here and what is missing is said again; at last the node goes
//     to the origin past the coordinator;
//   * a file whose pieces all have their hashes, and which has not its digest, waits for the coordinator to withdraw
//     pieces, which come again; where that helps nothing, it is fetched once more, from the origin alone.
#pragma once

#include "fetch/step_context.h"

namespace ballast::fetch {

// For one call of Step. Its parts: swarm_plan.cc (what is assigned and what comes of it), swarm_files.cc (files as a
// whole), swarm_review.cc (what time changes), swarm_wish.cc (what the coordinator is told).
class SwarmPlan {
 public:
  explicit SwarmPlan(StepContext& context) : context_(context), state_(context.state), now_(context.now) {}

  // What happened.
  void Heard(const Reply& reply);
  void PieceEnded(const fetch::PieceEnded& ended);
  void Advanced(Stream& stream, const Digest& hash);  // by one piece
  void RunEnded(const Stream& stream, const Ended& ended);
  void Opened(FileIndex index);
  std::vector<Digest> Proven(FileIndex index);  // the hashes of its pieces, where all are known
  void Unproven(const fetch::Unproven& unproven);
  void Dropped(const fetch::Dropped& dropped);
  void Gained();  // a byte came

  // What time has changed: late pieces, waits that are over.
  void Review();
  // Tells the coordinator, where there is something to tell.
  void Speak();

  bool MayOpenOneMore() const;

 private:
  FileState& File(FileIndex index) { return state_.files[index]; }
  const SwarmRules& Rules() const { return *state_.rules.swarm; }
  SwarmState& Swarm() { return state_.swarm; }

  // ---- assignments
  void Take(const Assignment& assignment);
  void TakeRun(const Assignment& run);
  void TakePiece(const Assignment& piece);
  void Decline(const Assignment& assignment, uint32_t from, FailureReason reason);
  bool IsOurs(const Assignment& assignment) const;
  bool MayBegin(PieceRef piece) const;
  bool MayHedge(const Assignment& assignment) const;
  void Withdraw(PieceRef piece);
  void DropWithdrawn(FileIndex index);

  // ---- what came of them
  void Receive(PieceRef piece, NodeId source, const Digest& hash);
  void CancelOthers(PieceRef piece);
  void PieceFailed(const Stream& stream, PieceRef piece, const Status& status);
  void OriginFailed(const Status& status);

  // ---- late ones
  void ReviewLate();
  void ReviewPeer(StreamId id, Stream& stream, bool at_the_end);
  void ReviewOrigin(StreamId id, Stream& stream);
  bool AtTheEnd() const;
  bool IsHedged(const Stream& stream) const;
  void GiveBack(StreamId id, Stream& stream);

  // ---- where nothing comes
  void ReviewUnproven();
  void ReviewStarving();
  void FetchAlone(FileIndex index);

  // ---- the wish
  uint32_t PeerSlots() const;
  uint32_t SlotsByBuffers() const;
  bool Gathers() const;
  bool MaySayLater(uint32_t free_origin_slots) const;
  uint32_t FreePeerSlots() const;
  uint32_t FreeOriginSlots() const;
  uint32_t FromNodes() const;
  uint32_t FromOrigin() const;
  uint32_t Hedges() const;
  Announce MakeAnnounce();
  Next MakeNext();

  StepContext& context_;
  State& state_;
  const SteadyTime now_;
};

// Pieces and runs that are ever in flight at once.
int MostSwarmSlots(const State& state);

// When time alone changes something.
SteadyTime NextSwarmTick(const State& state, SteadyTime now);

// For people: that nothing comes. "" while something does.
std::string SwarmWaitsFor(const State& state, SteadyTime now);

}  // namespace ballast::fetch
