#include "fetch/fetcher.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "fetch/piece_reader.h"
#include "fetch/range_reader.h"
#include "fetch/rate_meter.h"
#include "fetch/step.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;

fetch::Rules RulesOf(const FetchOptions& options, const SwarmPart* part, SteadyTime now) {
  fetch::Rules rules;
  rules.max_jobs = std::max(options.max_streams, 1);
  rules.max_streams_per_file = static_cast<uint32_t>(std::max(options.max_streams_per_file, 1));
  rules.min_extent = std::max<uint64_t>(options.min_extent, 1);
  rules.max_failures = std::max(options.max_failures, 1);
  rules.backoff = options.backoff;
  rules.seed = static_cast<uint32_t>(now.time_since_epoch().count());  // nodes that fail together retry apart
  if (part != nullptr) rules.swarm = part->rules;
  if (part != nullptr) rules.swarm->origin_slots = part->origin_slots;
  return rules;
}

// Equal bytes under two paths are fetched once. A git oid names the bytes only where it isn't an LFS pointer's.
std::vector<fetch::FileToFetch> FilesToFetch(const ResolvedModel& model) {
  std::map<std::pair<std::string, uint64_t>, fetch::FileIndex> first;
  std::vector<fetch::FileToFetch> files;
  for (const RemoteFile& file : model.files) {
    std::string name;
    if (file.sha256) {
      name = file.sha256->ToString();
    } else if (file.git_oid && !file.lfs_pointer_size) {
      name = file.git_oid->Hex();
    }
    const auto index = static_cast<fetch::FileIndex>(files.size());
    files.push_back({file.size, std::nullopt});
    if (name.empty()) continue;
    const auto [it, is_new] = first.try_emplace({name, file.size}, index);
    if (!is_new) files.back().same_as = it->second;
  }
  return files;
}

constexpr milliseconds kMeasureInterval{400};

struct Transfer {
  std::stop_source stop;
  uint64_t end = 0;                    // guarded by the fetcher's mutex; a Shorten moves it
  std::atomic<uint64_t> received = 0;  // since its begin
};

class Fetcher final : private SwarmListener {
 public:
  Fetcher(const ResolvedModel& model, Source& source, const SwarmPart* part, Destination& destination,
          const FetchOptions& options, const Clock& clock, ProgressSink& sink)
      : model_(model),
        source_(source),
        part_(part),
        destination_(destination),
        options_(options),
        clock_(clock),
        sink_(sink),
        inputs_(FilesToFetch(model)),
        state_(fetch::MakeState(RulesOf(options, part, clock.Steady()), inputs_)),
        ingests_(model.files.size()),
        here_before_(model.files.size()),
        bytes_total_(model.TotalBytes()),
        measured_at_(clock.Steady()) {}

  Result<FetchedModel> Run(const std::stop_token& stop) {
    const std::stop_callback on_stop(stop, [this] {
      const MutexLock lock(mutex_);
      stop_requested_ = true;
      main_wakes_.NotifyOne();
    });
    Join();
    std::vector<std::jthread> workers;
    for (size_t i = 0, threads = Threads(); i < threads; ++i) workers.emplace_back([this] { Work(); });
    const Status status = Supervise();
    workers.clear();
    Leave();
    RETURN_IF_ERROR(status);
    return Collect();
  }

 private:
  using Job = std::variant<fetch::Open, fetch::Read, fetch::Commit, fetch::ReadPiece, fetch::Drop>;
  struct ProvenFile {
    fetch::FileIndex file;
    Digest digest;
    std::vector<Digest> pieces;
  };

  // ---- the calling thread

  size_t Threads() {
    const MutexLock lock(mutex_);
    const auto most = static_cast<size_t>(state_.rules.max_jobs);
    if (part_ != nullptr) return most;
    size_t jobs = 0;
    for (const RemoteFile& file : model_.files) jobs += 1 + file.size / std::max<uint64_t>(options_.min_extent, 1);
    return std::min(most, jobs);
  }

  void Join() {
    if (part_ == nullptr) return;
    std::unique_ptr<SwarmSession> session = part_->swarm.Join(part_->manifest, *this);
    const MutexLock lock(mutex_);
    session_ = std::move(session);
  }

  // Its goodbye waits for what the listener hears just now: not under our lock.
  void Leave() {
    std::unique_ptr<SwarmSession> session;
    const MutexLock lock(mutex_);
    session.swap(session_);
  }

  void OnReply(const Reply& reply) override {
    const MutexLock lock(mutex_);
    if (session_ != nullptr && !result_) Handle(fetch::Heard{reply});
  }

  Status Supervise() {
    RateMeter rate;
    rate.Add(clock_.Steady(), 0);
    PostTick();
    for (bool finished = false; !finished;) {
      finished = WaitForNews();
      Report();
      rate.Add(clock_.Steady(), received_.load());
      sink_.OnProgress(Progress(rate));
      if (!finished) PostTick();
    }
    const MutexLock lock(mutex_);
    return *result_;
  }

  // Until the progress interval is over, a tick is due or all is done; true: all is done.
  bool WaitForNews() {
    const MutexLock lock(mutex_);
    const SteadyTime now = clock_.Steady();
    const Duration wait = std::min<Duration>(options_.progress_interval, fetch::NextTick(state_, now) - now);
    const auto deadline = std::chrono::steady_clock::now() + wait;  // the condition variable's clock
    next_tick_ = now + wait;
    while (!result_ && !stop_requested_ && to_cancel_.empty() && !tick_is_sooner_) {
      if (!main_wakes_.WaitUntil(mutex_, deadline)) break;
    }
    tick_is_sooner_ = false;
    return result_.has_value();
  }

  void PostTick() {
    std::vector<std::stop_source> cancelled;
    {
      const MutexLock lock(mutex_);
      if (std::exchange(stop_requested_, false)) {
        Handle(fetch::StopRequested{Cancelled("stopped; what is here is kept")});
      } else {
        Handle(fetch::Tick{received_.load(), LocalShare()});
      }
      cancelled.swap(to_cancel_);
    }
    for (std::stop_source& source : cancelled) source.request_stop();
  }

  // How much of their time the streams of now spent on this machine since the last measure; nothing where that was just
  // now.
  std::optional<double> LocalShare() REQUIRES(mutex_) {
    const SteadyTime now = clock_.Steady();
    const Duration passed = now - measured_at_;
    if (passed < kMeasureInterval) return std::nullopt;
    const int64_t local = local_time_.load();
    const double share =
        static_cast<double>(local - local_time_before_) /
        (static_cast<double>(passed.count()) * static_cast<double>(std::max<size_t>(1, state_.streams.size())));
    measured_at_ = now;
    local_time_before_ = local;
    return share;
  }

  void Report() {
    std::vector<ProvenFile> proven;
    std::vector<std::string> said;
    {
      const MutexLock lock(mutex_);
      proven.swap(proven_);
      said.swap(said_);
    }
    for (const std::string& text : said) sink_.OnMessage(text);
    for (const ProvenFile& file : proven) {
      if (!file.pieces.empty()) part_->proven_pieces(file.digest, file.pieces);
      sink_.OnProven(model_.files[file.file], file.digest);
    }
  }

  FetchProgress Progress(const RateMeter& rate) {
    const MutexLock lock(mutex_);
    FetchProgress progress;
    progress.bytes_total = bytes_total_;
    progress.bytes_done = BytesDone();
    progress.waiting_for = fetch::WaitingFor(state_, clock_.Steady());
    if (progress.waiting_for.empty()) progress.bytes_per_second = rate.BytesPerSecond();  // else it says nothing
    progress.files_done = state_.done;
    progress.files_total = static_cast<uint32_t>(state_.files.size());
    if (progress.bytes_per_second > 0) {
      const uint64_t left = bytes_total_ - std::min(progress.bytes_done, bytes_total_);
      progress.remaining = milliseconds(
          static_cast<int64_t>(1000.0 * static_cast<double>(left) / static_cast<double>(progress.bytes_per_second)));
    }
    return progress;
  }

  uint64_t BytesDone() const REQUIRES(mutex_) {
    uint64_t bytes = bytes_proven_ + bytes_committing_;
    for (const fetch::FileIndex index : state_.active) bytes += state_.files[index].pieces.BytesHere();
    for (const auto& [id, stream] : state_.streams) {
      bytes += transfers_.at(id)->received.load() - (stream.position - stream.range.begin);
    }
    return bytes;
  }

  Result<FetchedModel> Collect() {
    const MutexLock lock(mutex_);
    std::vector<ManifestFile> files;
    OriginRecord origin;
    origin.uri = model_.ref.Uri();
    origin.commit = model_.commit;
    if (!model_.commit.empty()) origin.revisions = {model_.ref.revision.empty() ? "main" : model_.ref.revision};
    origin.resolved_unix_seconds =
        std::chrono::duration_cast<std::chrono::seconds>(clock_.Now().time_since_epoch()).count();
    for (size_t i = 0; i < model_.files.size(); ++i) {
      const RemoteFile& file = model_.files[i];
      files.push_back({file.path, *state_.files[i].digest, file.size});
      origin.files[file.path.str()] = {file.git_oid, file.lfs_pointer_size};
    }
    ASSIGN_OR_RETURN(Manifest manifest, Manifest::Make(std::move(files)));
    return FetchedModel{std::move(manifest), std::move(origin), received_.load(), received_from_nodes_.load(),
                        static_cast<uint32_t>(std::count(here_before_.begin(), here_before_.end(), true))};
  }

  // ---- the brain and its effects

  template <typename What>
  void Handle(What what) REQUIRES(mutex_) {
    const fetch::Effects effects = fetch::Step(state_, fetch::Event{clock_.Steady(), std::move(what)});
    for (const fetch::Effect& effect : effects) {
      // The analysis takes a lambda for another function, which holds nothing.
      std::visit([this](const auto& e) NO_THREAD_SAFETY_ANALYSIS { this->Apply(e); }, effect);
    }
    if (part_ != nullptr) WakeForTick();
  }

  // The supervisor waits until a time which was right when it began.
  void WakeForTick() REQUIRES(mutex_) {
    if (tick_is_sooner_ || fetch::NextTick(state_, clock_.Steady()) >= next_tick_) return;
    tick_is_sooner_ = true;
    main_wakes_.NotifyOne();
  }

  void Apply(const fetch::Open& open) REQUIRES(mutex_) { Push(open); }
  void Apply(const fetch::Commit& commit) REQUIRES(mutex_) {
    bytes_committing_ += state_.files[commit.file].size;
    Push(commit);
  }
  void Apply(const fetch::Read& read) REQUIRES(mutex_) {
    auto transfer = std::make_shared<Transfer>();
    transfer->end = read.range.end;
    transfers_[read.stream] = std::move(transfer);
    Push(read);
  }
  void Apply(const fetch::ReadPiece& read) REQUIRES(mutex_) {
    transfers_[read.stream] = std::make_shared<Transfer>();
    Push(read);
  }
  void Apply(const fetch::Drop& drop) REQUIRES(mutex_) { Push(drop); }
  void Apply(const fetch::Tell& tell) REQUIRES(mutex_) {
    if (const auto* announce = std::get_if<Announce>(&tell.what)) return session_->Send(*announce);
    Next next = std::get<Next>(tell.what);
    next.uploads = part_->uploads();
    session_->Send(std::move(next));
  }
  void Apply(const fetch::Distrust& distrust) REQUIRES(mutex_) {
    said_.push_back(StrCat(part_->swarm.NameOf(distrust.node), " sent piece ", distrust.piece.piece, " of ",
                           Quoted(model_.files[distrust.piece.file].path.str()),
                           " with other bytes than its hash says; it is asked for nothing more"));
  }
  void Apply(const fetch::Shorten& shorten) REQUIRES(mutex_) { transfers_.at(shorten.stream)->end = shorten.end; }
  void Apply(const fetch::Cancel& cancel) REQUIRES(mutex_) {
    // Its callbacks are the source's code: not under our lock.
    to_cancel_.push_back(transfers_.at(cancel.stream)->stop);
    main_wakes_.NotifyOne();
  }
  void Apply(const fetch::Proven& proven) REQUIRES(mutex_) {
    bytes_proven_ += state_.files[proven.file].size;
    proven_.push_back({proven.file, proven.digest, proven.pieces});
  }
  void Apply(const fetch::Say& say) REQUIRES(mutex_) { said_.push_back(say.text); }
  void Apply(const fetch::Finish& finish) REQUIRES(mutex_) {
    result_ = finish.status;
    main_wakes_.NotifyOne();
    work_.NotifyAll();
  }
  void Push(Job job) REQUIRES(mutex_) {
    jobs_.push_back(job);
    work_.NotifyOne();
  }

  // ---- the workers

  void Work() {
    while (const std::optional<Job> job = TakeJob()) {
      std::visit([this](const auto& j) { Execute(j); }, *job);
    }
  }

  std::optional<Job> TakeJob() {
    const MutexLock lock(mutex_);
    while (jobs_.empty() && !result_) work_.Wait(mutex_);
    if (jobs_.empty()) return std::nullopt;
    Job job = jobs_.front();
    jobs_.pop_front();
    return job;
  }

  void Execute(const fetch::Open& open) {
    const RemoteFile& file = model_.files[open.file];
    const Result<std::optional<Digest>> found = destination_.Find(file);
    if (!found.ok()) return Post(fetch::OpenFailed{open.file, found.status()});
    if (found->has_value()) return PostFound(fetch::Found{open.file, **found});
    Result<std::unique_ptr<Ingest>> ingest = destination_.Open(file);
    if (!ingest.ok()) return Post(fetch::OpenFailed{open.file, ingest.status()});
    if (part_ != nullptr) (*ingest)->KeepCached();
    PieceMap pieces = (*ingest)->pieces();
    const MutexLock lock(mutex_);
    ingests_[open.file] = std::move(*ingest);
    Handle(fetch::Opened{open.file, std::move(pieces)});
  }

  void Execute(const fetch::Commit& commit) {
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
  Status ProofInSwarm(fetch::FileIndex file) {
    Ingest* ingest = nullptr;
    {
      const MutexLock lock(mutex_);
      if (part_ == nullptr || state_.files[file].alone) return OkStatus();
      ingest = ingests_[file].get();
    }
    Status proof = ingest->Prove().status();
    return proof.code() == StatusCode::kDataLoss ? proof : OkStatus();
  }

  void PostUnproven(fetch::FileIndex index, const Status& proof) {
    const RemoteFile& file = model_.files[index];
    const MutexLock lock(mutex_);
    bytes_committing_ -= file.size;
    Handle(fetch::Unproven{index, proof.WithContext(Quoted(file.path.str()))});
  }

  void Execute(const fetch::ReadPiece& read) {
    const auto [transfer, ingest] = Joined(read.stream, read.piece.file);
    const auto [file, piece] = read.piece;
    const PieceToRead what{read.source, *model_.files[file].sha256, piece, ingest->pieces().Range(piece), read.hash};
    const PieceOutcome outcome = ReadPiece(*part_, what, buffers_, *ingest, transfer->stop.get_token());
    received_ += outcome.bytes;
    received_from_nodes_ += outcome.bytes;
    const MutexLock lock(mutex_);
    transfers_.erase(read.stream);
    Handle(fetch::PieceEnded{read.stream, outcome.status, outcome.local});
  }

  void Execute(const fetch::Drop& drop) {
    Ingest* ingest = nullptr;
    {
      const MutexLock lock(mutex_);
      ingest = ingests_[drop.file].get();
    }
    const Status dropped = ingest->Drop(drop.pieces);
    const MutexLock lock(mutex_);
    Handle(fetch::Dropped{drop.file, dropped, ingest->pieces()});
  }

  std::unique_ptr<Ingest> TakeIngest(fetch::FileIndex file) {
    const MutexLock lock(mutex_);
    return std::move(ingests_[file]);
  }

  void Execute(const fetch::Read& read) {
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

  std::pair<std::shared_ptr<Transfer>, Ingest*> Joined(fetch::StreamId stream, fetch::FileIndex file) {
    const MutexLock lock(mutex_);
    return {transfers_.at(stream), ingests_[file].get()};
  }

  uint64_t Advance(const fetch::Advanced& advanced, const Transfer& transfer) {
    const MutexLock lock(mutex_);
    Handle(advanced);
    return transfer.end;
  }

  template <typename What>
  void Post(What what) {
    const MutexLock lock(mutex_);
    Handle(std::move(what));
  }

  void PostFound(const fetch::Found& found) {
    const MutexLock lock(mutex_);
    // A copy of what this fetch brought was not here before it.
    const std::optional<fetch::FileIndex> original = inputs_[found.file].same_as;
    here_before_[found.file] = !original || here_before_[*original];
    Handle(found);
  }

  const ResolvedModel& model_;
  Source& source_;
  const SwarmPart* const part_;  // null: no swarm
  Destination& destination_;
  const FetchOptions options_;
  const Clock& clock_;
  ProgressSink& sink_;
  const std::vector<fetch::FileToFetch> inputs_;

  Mutex mutex_;
  CondVar work_;        // a job or the end
  CondVar main_wakes_;  // the end, a stop, something to cancel
  fetch::State state_ GUARDED_BY(mutex_);
  std::unique_ptr<SwarmSession> session_ GUARDED_BY(mutex_);  // null: not joined
  std::deque<Job> jobs_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Ingest>> ingests_ GUARDED_BY(mutex_);
  std::map<fetch::StreamId, std::shared_ptr<Transfer>> transfers_ GUARDED_BY(mutex_);
  std::vector<std::stop_source> to_cancel_ GUARDED_BY(mutex_);
  std::vector<ProvenFile> proven_ GUARDED_BY(mutex_);
  std::vector<std::string> said_ GUARDED_BY(mutex_);
  std::optional<Status> result_ GUARDED_BY(mutex_);
  bool stop_requested_ GUARDED_BY(mutex_) = false;
  SteadyTime next_tick_ GUARDED_BY(mutex_){};  // what the supervisor waits for
  bool tick_is_sooner_ GUARDED_BY(mutex_) = false;
  uint64_t bytes_proven_ GUARDED_BY(mutex_) = 0;
  uint64_t bytes_committing_ GUARDED_BY(mutex_) = 0;
  std::vector<bool> here_before_ GUARDED_BY(mutex_);
  const uint64_t bytes_total_;
  SteadyTime measured_at_ GUARDED_BY(mutex_);
  int64_t local_time_before_ GUARDED_BY(mutex_) = 0;
  PieceBuffers buffers_{fetch::SwarmRules{}.buffers};
  std::atomic<uint64_t> received_ = 0;
  std::atomic<uint64_t> received_from_nodes_ = 0;
  std::atomic<int64_t> local_time_ = 0;  // of all streams, in ticks of Duration
};

}  // namespace

Result<FetchedModel> FetchModel(const ResolvedModel& model, Source& source, Destination& destination,
                                const FetchOptions& options, const Clock& clock, ProgressSink& progress,
                                std::stop_token stop) {
  return Fetcher(model, source, nullptr, destination, options, clock, progress).Run(stop);
}

Result<FetchedModel> FetchInSwarm(const ResolvedModel& model, Source& source, const SwarmPart& part,
                                  Destination& destination, const FetchOptions& options, const Clock& clock,
                                  ProgressSink& progress, std::stop_token stop) {
  ASSIGN_OR_RETURN(const ResolvedModel ordered, InOrderOf(part.manifest, model));
  return Fetcher(ordered, source, &part, destination, options, clock, progress).Run(stop);
}

}  // namespace ballast
