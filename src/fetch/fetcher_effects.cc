// Fetcher: what the brain says.
#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "fetch/fetcher_threads.h"

namespace ballast {

// The supervisor waits until a time which was right when it began.
void Fetcher::WakeForTick() {
  if (tick_is_sooner_ || fetch::NextTick(state_, clock_.Steady()) >= next_tick_) return;
  tick_is_sooner_ = true;
  main_wakes_.NotifyOne();
}

void Fetcher::Apply(const fetch::Open& open) { Push(open); }

void Fetcher::Apply(const fetch::Commit& commit) {
  bytes_committing_ += state_.files[commit.file].size;
  Push(commit);
}

void Fetcher::Apply(const fetch::Read& read) {
  auto transfer = std::make_shared<Transfer>();
  transfer->end = read.range.end;
  transfers_[read.stream] = std::move(transfer);
  Push(read);
}

void Fetcher::Apply(const fetch::ReadPiece& read) {
  transfers_[read.stream] = std::make_shared<Transfer>();
  Push(read);
}

void Fetcher::Apply(const fetch::Drop& drop) { Push(drop); }

void Fetcher::Apply(const fetch::Tell& tell) {
  if (const auto* announce = std::get_if<Announce>(&tell.what)) return session_->Send(*announce);
  Next next = std::get<Next>(tell.what);
  next.uploads = part_->uploads();
  session_->Send(std::move(next));
}

void Fetcher::Apply(const fetch::Distrust& distrust) {
  said_.push_back(StrCat(part_->swarm.NameOf(distrust.node), " sent piece ", distrust.piece.piece, " of ",
                         Quoted(model_.files[distrust.piece.file].path.str()),
                         " with other bytes than its hash says; it is asked for nothing more"));
}

void Fetcher::Apply(const fetch::Shorten& shorten) { transfers_.at(shorten.stream)->end = shorten.end; }

void Fetcher::Apply(const fetch::Cancel& cancel) {
  // Its callbacks are the source's code: not under our lock.
  to_cancel_.push_back(transfers_.at(cancel.stream)->stop);
  main_wakes_.NotifyOne();
}

void Fetcher::Apply(const fetch::Proven& proven) {
  bytes_proven_ += state_.files[proven.file].size;
  proven_.push_back({proven.file, proven.digest, proven.pieces});
}

void Fetcher::Apply(const fetch::Say& say) { said_.push_back(say.text); }

void Fetcher::Apply(const fetch::Finish& finish) {
  result_ = finish.status;
  main_wakes_.NotifyOne();
  work_.NotifyAll();
}

void Fetcher::Push(Job job) {
  jobs_.push_back(job);
  work_.NotifyOne();
}

}  // namespace ballast
