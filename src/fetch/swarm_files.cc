// SwarmPlan: files as a whole, and what is done about one that has not its digest.
#include <algorithm>

#include "base/strings.h"
#include "fetch/swarm_plan.h"

namespace ballast::fetch {
namespace {

bool CameFromTheOrigin(const FileState& file) {
  return std::ranges::all_of(file.facts,
                             [](const PieceFacts& piece) { return piece.known && piece.source == kOrigin; });
}

}  // namespace

void SwarmPlan::Opened(FileIndex index) {
  FileState& file = File(index);
  file.frontier = 0;
  Swarm().news = true;
  if (file.pieces.have_count() > 0) Swarm().announce = true;
  if (file.duplicate) file.alone = true;  // its original was removed meanwhile; nobody else knows of it
}

std::vector<Digest> SwarmPlan::Proven(FileIndex index) {
  FileState& file = File(index);
  std::vector<Digest> hashes;
  for (const PieceFacts& facts : file.facts) {
    if (facts.known) hashes.push_back(facts.hash);
  }
  if (hashes.size() != file.pieces.count()) hashes.clear();
  file.facts = std::vector<PieceFacts>();  // "= {}" would keep the memory
  if (file.pieces.file_size() != file.size) file.pieces = PieceMap(file.size, PieceSizeFor(file.size));
  for (uint32_t piece = 0; piece < file.pieces.count(); ++piece) file.pieces.Add(piece);
  if (!file.duplicate) Swarm().proven.push_back(index);
  Swarm().news = true;
  Gained();
  return hashes;
}

void SwarmPlan::Unproven(const fetch::Unproven& unproven) {
  --state_.committing;
  FileState& file = File(unproven.file);
  ++file.mismatches;
  file.proof = unproven.status;
  if (file.alone) return context_.End(unproven.status);
  context_.Emit(
      Say{StrCat(unproven.status.message(), ", although each piece was as attested; bad pieces are looked for")});
  file.phase = Phase::kUnproven;
  ++Swarm().in_doubt;
  const auto reading = std::chrono::seconds(file.size / (16 << 20));
  file.give_up_at = now_ + Rules().unproven_wait + reading;
  if (context_.IsLarge(file)) ++state_.large_left;
  Swarm().unproven.push_back(unproven.file);
  Swarm().news = true;
  // Twice wrong with no other node's piece in it: nobody can say more than the origin.
  const bool nobody_else = file.mismatches > 1 && CameFromTheOrigin(file);
  if (nobody_else || file.mismatches > Rules().most_withdrawals) return FetchAlone(unproven.file);
  DropWithdrawn(unproven.file);
}

void SwarmPlan::Withdraw(PieceRef ref) {
  if (ref.file >= state_.files.size()) return;
  FileState& file = File(ref.file);
  const bool here = ref.piece < file.pieces.count() && file.pieces.has(ref.piece);
  if (here && !file.alone && file.phase != Phase::kDone) file.withdrawn.insert(ref.piece);
}

// Not while the file is being proven: the proof may show that nothing is wrong with it.
void SwarmPlan::DropWithdrawn(FileIndex index) {
  if (index >= state_.files.size()) return;
  FileState& file = File(index);
  const bool may_drop = file.phase == Phase::kUnproven || state_.active.contains(index);
  if (!may_drop || file.dropping) return;
  std::erase_if(file.withdrawn, [&file](uint32_t piece) { return !file.pieces.has(piece); });  // dropped already
  if (file.withdrawn.empty()) return;
  file.dropping = true;
  ++state_.dropping;
  context_.Emit(Drop{index, {file.withdrawn.begin(), file.withdrawn.end()}});
  file.withdrawn.clear();
}

void SwarmPlan::FetchAlone(FileIndex index) {
  FileState& file = File(index);
  if (!Swarm().origin_works) return context_.End(file.proof);
  context_.Emit(Say{StrCat(file.proof.message(), "; it is fetched once more, from the origin alone")});
  file.alone = true;
  file.withdrawn.clear();
  file.dropping = true;
  ++state_.dropping;
  std::vector<uint32_t> all(file.pieces.count());
  for (uint32_t piece = 0; piece < all.size(); ++piece) all[piece] = piece;
  context_.Emit(Drop{index, std::move(all)});
}

void SwarmPlan::Dropped(const fetch::Dropped& dropped) {
  --state_.dropping;
  FileState& file = File(dropped.file);
  file.dropping = false;
  if (!dropped.status.ok()) return context_.End(dropped.status);
  for (uint32_t piece = 0; piece < file.facts.size(); ++piece) {
    if (!dropped.pieces.has(piece)) file.facts[piece] = {};
  }
  file.pieces = dropped.pieces;
  file.frontier = 0;
  if (file.phase == Phase::kUnproven) {
    file.phase = Phase::kActive;
    --Swarm().in_doubt;
    state_.active.insert(dropped.file);
  }
  Swarm().news = true;
  DropWithdrawn(dropped.file);
  context_.CommitIfComplete(dropped.file);
}

}  // namespace ballast::fetch
