#include "fetch/fetcher.h"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "base/strings.h"
#include "base/thread.h"
#include "fetch/fetcher_threads.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMeasureInterval{400};

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

}  // namespace

Fetcher::Fetcher(const ResolvedModel& model, Source& source, const SwarmPart* part, Destination& destination,
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

Result<FetchedModel> Fetcher::Run(const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [this] {
    const MutexLock lock(mutex_);
    stop_requested_ = true;
    main_wakes_.NotifyOne();
  });
  Join();
  const size_t threads = Threads();
  std::vector<std::jthread> workers = StartWorkers(threads);
  const bool none = workers.empty() && threads > 0;
  const Status status =
      none ? ResourceExhausted(StrCat("no thread can be started for the download; ", kMoreThreads)) : Supervise();
  workers.clear();
  Leave();
  RETURN_IF_ERROR(status);
  return Collect();
}

// As many as there are to have.
std::vector<std::jthread> Fetcher::StartWorkers(size_t threads) {
  std::vector<std::jthread> workers;
  for (size_t i = 0; i < threads; ++i) {
    std::optional<std::jthread> worker = TryStartThread([this] { Work(); });
    if (worker) workers.push_back(*std::move(worker));
  }
  return workers;
}

size_t Fetcher::Threads() {
  const MutexLock lock(mutex_);
  const auto most = static_cast<size_t>(state_.rules.max_jobs);
  if (part_ != nullptr) return most;
  size_t jobs = 0;
  for (const RemoteFile& file : model_.files) jobs += 1 + file.size / std::max<uint64_t>(options_.min_extent, 1);
  return std::min(most, jobs);
}

void Fetcher::Join() {
  if (part_ == nullptr) return;
  std::unique_ptr<SwarmSession> session = part_->swarm.Join(part_->manifest, *this);
  const MutexLock lock(mutex_);
  session_ = std::move(session);
}

// Its goodbye waits for what the listener hears just now: not under our lock.
void Fetcher::Leave() {
  std::unique_ptr<SwarmSession> session;
  const MutexLock lock(mutex_);
  session.swap(session_);
}

void Fetcher::OnReply(const Reply& reply) {
  const MutexLock lock(mutex_);
  if (session_ != nullptr && !result_) Handle(fetch::Heard{reply});
}

Status Fetcher::Supervise() {
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
bool Fetcher::WaitForNews() {
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

void Fetcher::PostTick() {
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
std::optional<double> Fetcher::LocalShare() {
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

void Fetcher::Report() {
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

FetchProgress Fetcher::Progress(const RateMeter& rate) {
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

uint64_t Fetcher::BytesDone() const {
  uint64_t bytes = bytes_proven_ + bytes_committing_;
  for (const fetch::FileIndex index : state_.active) bytes += state_.files[index].pieces.BytesHere();
  for (const auto& [id, stream] : state_.streams) {
    bytes += transfers_.at(id)->received.load() - (stream.position - stream.range.begin);
  }
  return bytes;
}

Result<FetchedModel> Fetcher::Collect() {
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
