// Fetcher: the workers.
#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "fetch/fetcher_threads.h"
#include "fetch/range_reader.h"

namespace ballast {

void Fetcher::Work() {
  while (const std::optional<Job> job = TakeJob()) {
    std::visit([this](const auto& j) { Execute(j); }, *job);
  }
}

std::optional<Fetcher::Job> Fetcher::TakeJob() {
  const MutexLock lock(mutex_);
  while (jobs_.empty() && !result_) work_.Wait(mutex_);
  if (jobs_.empty()) return std::nullopt;
  Job job = jobs_.front();
  jobs_.pop_front();
  return job;
}

void Fetcher::Execute(const fetch::Open& open) {
  const RemoteFile& file = model_.files[open.file];
  const Result<std::optional<Digest>> found = destination_.Find(file);
  if (!found.ok()) return Post(fetch::OpenFailed{open.file, found.status()});
  if (found->has_value()) return PostFound(fetch::Found{open.file, **found});
  Result<std::unique_ptr<Ingest>> ingest = destination_.Open(file);
  if (!ingest.ok()) return Post(fetch::OpenFailed{open.file, ingest.status()});
  if (part_ != nullptr) (*ingest)->ExpectReaders();
  PieceMap pieces = (*ingest)->pieces();
  const MutexLock lock(mutex_);
  ingests_[open.file] = std::move(*ingest);
  Handle(fetch::Opened{open.file, std::move(pieces)});
}

void Fetcher::Execute(const fetch::Commit& commit) {
  if (const Status proof = ProofInSwarm(commit.file); !proof.ok()) return PostUnproven(commit.file, proof);
  std::unique_ptr<Ingest> ingest = TakeIngest(commit.file);
  const RemoteFile& file = model_.files[commit.file];
  const Result<Digest> digest = destination_.Commit(file, std::move(ingest));
  const MutexLock lock(mutex_);
  bytes_committing_ -= file.size;
  if (!digest.ok())
    return Handle(fetch::CommitFailed{commit.file, digest.status().WithContext(Quoted(file.path.str()))});
  Handle(fetch::Committed{commit.file, *digest});
}

// DataLoss where it may help to fetch some of the pieces again. Committed, the file would be thrown away.
Status Fetcher::ProofInSwarm(fetch::FileIndex file) {
  Ingest* ingest = nullptr;
  {
    const MutexLock lock(mutex_);
    if (part_ == nullptr || state_.files[file].alone) return OkStatus();
    ingest = ingests_[file].get();
  }
  Status proof = ingest->Prove().status();
  return proof.code() == StatusCode::kDataLoss ? proof : OkStatus();
}

void Fetcher::PostUnproven(fetch::FileIndex index, const Status& proof) {
  const RemoteFile& file = model_.files[index];
  const MutexLock lock(mutex_);
  bytes_committing_ -= file.size;
  Handle(fetch::Unproven{index, proof.WithContext(Quoted(file.path.str()))});
}

void Fetcher::Execute(const fetch::ReadPiece& read) {
  const auto [transfer, ingest] = Joined(read.stream, read.piece.file);
  const auto [file, piece] = read.piece;
  const PieceToRead what{read.source, *model_.files[file].sha256, piece, ingest->pieces().Range(piece), read.hash};
  const PieceOutcome outcome = ReadPiece(*part_, what, *ingest, transfer->stop.get_token());
  received_ += outcome.bytes;
  received_from_nodes_ += outcome.bytes;
  const MutexLock lock(mutex_);
  transfers_.erase(read.stream);
  Handle(fetch::PieceEnded{read.stream, outcome.status, outcome.local});
}

void Fetcher::Execute(const fetch::Drop& drop) {
  Ingest* ingest = nullptr;
  {
    const MutexLock lock(mutex_);
    ingest = ingests_[drop.file].get();
  }
  const Status dropped = ingest->Drop(drop.pieces);
  const MutexLock lock(mutex_);
  Handle(fetch::Dropped{drop.file, dropped, ingest->pieces()});
}

std::unique_ptr<Ingest> Fetcher::TakeIngest(fetch::FileIndex file) {
  const MutexLock lock(mutex_);
  return std::move(ingests_[file]);
}

void Fetcher::Execute(const fetch::Read& read) {
  const auto [transfer, ingest] = Joined(read.stream, read.file);
  const RangeHooks hooks{[&, t = transfer.get()](uint64_t position, const std::optional<Digest>& hash) {
                           return Advance({read.stream, position, hash}, *t);
                         },
                         [&, t = transfer.get()](uint64_t bytes, Duration took) {
                           t->received += bytes;
                           received_ += bytes;
                           local_time_ += took.count();
                         },
                         part_ != nullptr};
  const RangeOutcome outcome = ReadRange(model_, model_.files[read.file], read.range, source_, *ingest, hooks, clock_,
                                         transfer->stop.get_token());
  const MutexLock lock(mutex_);
  transfers_.erase(read.stream);
  // The pieces are asked for under our lock, so that no stream's end is reported over a later one's.
  Handle(fetch::Ended{read.stream, outcome.status, outcome.local, outcome.received, ingest->pieces()});
}

std::pair<std::shared_ptr<Fetcher::Transfer>, Ingest*> Fetcher::Joined(fetch::StreamId stream, fetch::FileIndex file) {
  const MutexLock lock(mutex_);
  return {transfers_.at(stream), ingests_[file].get()};
}

uint64_t Fetcher::Advance(const fetch::Advanced& advanced, const Transfer& transfer) {
  const MutexLock lock(mutex_);
  Handle(advanced);
  return transfer.end;
}

void Fetcher::PostFound(const fetch::Found& found) {
  const MutexLock lock(mutex_);
  // A copy of what this fetch brought was not here before it.
  const std::optional<fetch::FileIndex> original = inputs_[found.file].same_as;
  here_before_[found.file] = !original || here_before_[*original];
  Handle(found);
}

}  // namespace ballast
