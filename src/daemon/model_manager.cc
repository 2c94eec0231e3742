#include "daemon/model_manager.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/logging.h"
#include "base/strings.h"
#include "base/thread.h"

namespace ballast {
namespace {

Status Stopping() {
  return Unavailable("ballastd is stopping; the download goes on from where it is once ballastd is back");
}

std::optional<SteadyTime> Earlier(std::optional<SteadyTime> a, std::optional<SteadyTime> b) {
  return a && b ? std::min(a, b) : a ? a : b;
}

}  // namespace

// A file of a download: by what its origin says of it.
struct ModelManager::ExpectedBlob {
  std::optional<Digest> sha256;
  std::optional<GitOid> git_oid;
};

struct ModelManager::Job {
  Job(ModelRequest what, Store& store, BackoffPolicy policy, SteadyTime now)
      : request(std::move(what)),
        backoff(policy, static_cast<uint32_t>(std::hash<std::string>()(request.Key()) | 1)),
        early(store.views(), store.leases()) {
    facts.since = facts.watched = now;
  }

  const ModelRequest request;
  JobFacts facts;
  Backoff backoff;
  bool ask_anew = false;  // of the running attempt
  JobProgress progress;
  Status error;
  std::optional<ReadyModel> ready;
  std::set<std::string> wanted_by;
  bool mounted_early = false;
  SteadyTime notified{};
  bool resolved = false;
  std::vector<ExpectedBlob> files;  // once it is resolved
  EarlyViews early;                 // has its own lock

  // A call or a volume waits for it. Read by its downloads' threads.
  std::atomic<bool> demanded = false;
  void SetDemanded() { demanded = facts.watchers > 0 || mounted_early; }
};

ModelManager::ModelManager(Store& store, Downloader& downloader, DaemonMetrics& metrics, const Clock& clock,
                           Options options)
    : store_(store),
      downloader_(downloader),
      metrics_(metrics),
      clock_(clock),
      options_(std::move(options)),
      pool_("download", 2 * options_.slots) {
  scheduler_ = StartThread([this](const std::stop_token& stop) { Schedule(stop); });
}

ModelManager::~ModelManager() { Stop(); }

ModelManager::Job& ModelManager::JobOf(const ModelRequest& request) {
  std::unique_ptr<Job>& job = jobs_[request.Key()];
  if (job == nullptr) job = std::make_unique<Job>(request, store_, options_.backoff, clock_.Steady());
  return *job;
}

uint64_t ModelManager::Watch(const ModelRequest& request, Watcher watcher) {
  MutexLock lock(mutex_);
  const uint64_t id = next_watcher_++;
  if (stopping_) {
    watcher({.request = request, .phase = JobPhase::kFailed, .error = Stopping()});
    return id;
  }
  Job& job = JobOf(request);
  job.facts = AfterDemand(job.facts, clock_.Steady(), options_.times);
  ++job.facts.watchers;
  job.SetDemanded();
  watcher(SnapshotOf(job));
  watching_.emplace(id, Watching{&job, std::move(watcher)});
  changed_.NotifyAll();
  return id;
}

void ModelManager::Unwatch(uint64_t id) {
  MutexLock lock(mutex_);
  const auto found = watching_.find(id);
  if (found == watching_.end()) return;
  Job& job = *found->second.job;
  --job.facts.watchers;
  job.facts.watched = clock_.Steady();
  job.SetDemanded();
  watching_.erase(found);
  changed_.NotifyAll();
}

Result<std::string> ModelManager::OpenEarly(uint64_t watcher, const std::string& name, Layout layout) {
  EarlyViews* early = nullptr;
  {
    MutexLock lock(mutex_);
    const auto found = watching_.find(watcher);
    if (found == watching_.end()) return Stopping();
    early = &found->second.job->early;  // stays while it is watched
  }
  return early->Open(name, layout);
}

void ModelManager::SetWanted(const std::vector<WantedModel>& wanted) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  for (auto& [key, job] : jobs_) {
    job->wanted_by.clear();
    job->facts.wanted = job->mounted_early;
    job->facts.automatic = false;
  }
  for (const WantedModel& one : wanted) {
    Job& job = JobOf(one.request);
    job.wanted_by.insert(one.cache);
    job.facts.wanted = true;
    job.facts.automatic = job.facts.automatic || one.automatic;
  }
  changed_.NotifyAll();
}

void ModelManager::SetMountedEarly(const std::vector<EarlyMount>& mounts) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  for (auto& [key, job] : jobs_) job->mounted_early = false;
  for (const EarlyMount& mount : mounts) {
    Job& job = JobOf(mount.request);
    job.mounted_early = true;
    job.early.Want(mount.ViewName(), mount.layout);
  }
  for (auto& [key, job] : jobs_) {
    job->facts.wanted = job->mounted_early || !job->wanted_by.empty();
    job->SetDemanded();
  }
  changed_.NotifyAll();
}

void ModelManager::ModelsGone(const std::set<Digest>& models) {
  MutexLock lock(mutex_);
  for (auto& [key, job] : jobs_) {
    if (!job->ready || !models.contains(job->ready->manifest)) continue;
    job->ready.reset();
    if (job->facts.phase == JobPhase::kReady) job->facts = AfterLoss(job->facts, clock_.Steady());
  }
  changed_.NotifyAll();
}

void ModelManager::RoomWasMade() {
  MutexLock lock(mutex_);
  const SteadyTime now = clock_.Steady();
  for (auto& [key, job] : jobs_) {
    if (job->error.code() == StatusCode::kResourceExhausted)
      job->facts = AfterRoomWasMade(job->facts, now, options_.times);
  }
  changed_.NotifyAll();
}

std::vector<JobSnapshot> ModelManager::Jobs() const {
  MutexLock lock(mutex_);
  std::vector<JobSnapshot> all;
  for (const auto& [key, job] : jobs_) all.push_back(SnapshotOf(*job));
  return all;
}

InTransfer ModelManager::Moves() const {
  InTransfer moves;
  MutexLock lock(mutex_);
  for (const auto& [key, job] : jobs_) AddMoves(*job, moves);
  return moves;
}

void ModelManager::AddMoves(const Job& job, InTransfer& moves) const {
  const bool goes_on = job.facts.phase != JobPhase::kReady && job.facts.phase != JobPhase::kFailed;
  if (job.ready && (goes_on || job.facts.watchers > 0)) moves.models.insert(job.ready->manifest);
  if (!goes_on) return;
  for (const ExpectedBlob& file : job.files) {
    const auto digest = file.sha256 || !file.git_oid ? file.sha256 : store_.blobs().FindByGitOid(*file.git_oid);
    if (digest) moves.blobs.insert(*digest);
  }
}

void ModelManager::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    scheduler_.request_stop();
    changed_.NotifyAll();
  }
  if (scheduler_.joinable()) scheduler_.join();
  pool_.Stop();
  MutexLock lock(mutex_);
  for (auto& [key, job] : jobs_) {
    if (job->facts.watchers == 0) continue;
    job->facts.phase = JobPhase::kFailed;
    job->error = Stopping();
    Notify(*job);
  }
}

void ModelManager::Schedule(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    const std::optional<SteadyTime> wake = StepAll();
    if (wake) {
      changed_.WaitUntil(mutex_, *wake);
    } else {
      changed_.Wait(mutex_);
    }
  }
}

std::optional<SteadyTime> ModelManager::StepAll() {
  std::optional<SteadyTime> wake;
  for (auto it = jobs_.begin(); it != jobs_.end();) {
    Job& job = *it->second;
    const JobStep step = NextStep(job.facts, HasSlot(job), clock_.Steady(), options_.times);
    wake = Earlier(wake, step.wake);
    if (step.action == JobAction::kForget) {
      it = jobs_.erase(it);
      options_.phase_changed();
      continue;
    }
    if (step.action == JobAction::kStart) Start(job);
    wake = Earlier(wake, Remind(job));
    ++it;
  }
  return wake;
}

std::optional<SteadyTime> ModelManager::Remind(Job& job) {
  if (job.facts.watchers == 0 || SnapshotOf(job).ended()) return std::nullopt;
  if (clock_.Steady() >= job.notified + options_.remind_every) Notify(job);
  return job.notified + options_.remind_every;
}

// What nobody waits for leaves as many slots free again for what somebody does.
bool ModelManager::HasSlot(const Job& job) const {
  if (!job.demanded) return running_ < options_.slots;
  const auto is_like_it = [](const auto& entry) {
    return entry.second->facts.phase == JobPhase::kRunning && entry.second->demanded;
  };
  return running_ < 2 * options_.slots && std::count_if(jobs_.begin(), jobs_.end(), is_like_it) < options_.slots;
}

void ModelManager::Start(Job& job) {
  job.ask_anew = !job.request.keep_resolution || job.facts.phase == JobPhase::kReady;  // ready and due: a poll
  job.facts.phase = JobPhase::kRunning;
  job.facts.since = clock_.Steady();
  job.progress = {.step = "resolving"};
  job.error = OkStatus();
  ++running_;
  options_.phase_changed();
  Notify(job);
  if (!pool_.Submit([this, &job](std::stop_token stop) { RunAttempt(job, std::move(stop)); })) --running_;
}

void ModelManager::RunAttempt(Job& job, std::stop_token stop) {
  const Result<ReadyModel> end = downloader_.Run(job.request, job.ask_anew, HooksOf(job), std::move(stop));
  if (end.ok()) job.early.Complete(end->manifest);
  Ended(job, end);
  ::malloc_trim(0);  // buffers of a download come from many threads' arenas, which would keep them for ever
}

AttemptHooks ModelManager::HooksOf(Job& job) {
  return {
      .resolved = [this, &job](const OriginRecord& record,
                               const std::vector<RemoteFile>& files) { Resolved(job, record, files); },
      .progress = [this, &job](const JobProgress& progress) { Progressed(job, progress); },
      .verified = [&job](const SafePath& path, const Digest& blob) { job.early.Verified(path, blob); },
      .demanded = [&job] { return job.demanded.load(); },
  };
}

void ModelManager::Resolved(Job& job, const OriginRecord& record, const std::vector<RemoteFile>& files) {
  job.early.Resolved(record, files);
  MutexLock lock(mutex_);
  job.resolved = true;
  job.progress.files_total = static_cast<uint32_t>(files.size());
  job.files.clear();
  for (const RemoteFile& file : files) {
    job.progress.bytes_total += file.size;
    job.files.push_back({file.sha256, file.git_oid});
  }
  Notify(job);
}

void ModelManager::Progressed(Job& job, const JobProgress& progress) {
  MutexLock lock(mutex_);
  const SteadyTime now = clock_.Steady();
  const bool soon = progress.step == job.progress.step && now - job.notified < options_.notify_every;
  job.progress = progress;
  if (!soon) Notify(job);
}

void ModelManager::Ended(Job& job, const Result<ReadyModel>& end) {
  metrics_.CountDownload(end.status());
  MutexLock lock(mutex_);
  --running_;
  const bool stale = end.ok() && !end->warning.empty();
  if (end.ok() && !stale) job.backoff.Reset();
  const Status status = stopping_ && !end.ok() ? Stopping() : end.status();
  const AttemptEnd attempt{
      .status = status, .stale = stale, .backoff = end.ok() && !stale ? Duration{} : job.backoff.Next()};
  job.facts = AfterAttempt(job.facts, attempt, clock_.Steady(), options_.times);
  job.error = status;
  if (end.ok()) {
    job.mounted_early = false;
    job.facts.wanted = !job.wanted_by.empty();
    job.ready = *end;
    LOG(INFO) << Message("Model is ready")
                     .With("model", end->name)
                     .With("bytes", FormatBytes(end->bytes))
                     .With("fetched", FormatBytes(end->bytes_fetched))
                     .With("from_peers", FormatBytes(end->bytes_from_peers));
  } else if (!stopping_) {
    LOG(WARNING) << Message(job.facts.phase == JobPhase::kWaiting ? "Model is not ready yet" : "Model failed")
                        .With("model", job.request.Name())
                        .With("error", end.status());
  }
  options_.phase_changed();
  Notify(job);
  changed_.NotifyAll();
}

JobSnapshot ModelManager::SnapshotOf(const Job& job) const {
  JobSnapshot snapshot{.request = job.request,
                       .phase = job.facts.phase,
                       .progress = job.progress,
                       .error = job.error,
                       .ready = job.ready,
                       .resolved = job.resolved,
                       .wanted_by = {job.wanted_by.begin(), job.wanted_by.end()}};
  if (job.facts.phase == JobPhase::kQueued) {
    const bool in_line = !HasSlot(job);
    snapshot.progress.step = in_line ? "waiting" : "resolving";
    snapshot.progress.waiting_for = in_line ? StrCat(running_, " other downloads are at work") : "";
  }
  if (job.facts.phase == JobPhase::kWaiting) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(job.facts.due - clock_.Steady());
    snapshot.progress.step = "waiting";
    snapshot.progress.waiting_for = StrCat(job.error.message(), "; next try in ", FormatDuration(left));
  }
  return snapshot;
}

void ModelManager::Notify(Job& job) {
  job.notified = clock_.Steady();
  const JobSnapshot snapshot = SnapshotOf(job);
  for (auto& [id, watching] : watching_) {
    if (watching.job == &job) watching.tell(snapshot);
  }
}

}  // namespace ballast
