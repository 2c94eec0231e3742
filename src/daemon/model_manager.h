// The downloads of this node. One job per request: whoever asks for the same joins it, and it goes on when they leave.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/worker_pool.h"
#include "daemon/downloader.h"
#include "daemon/early_mounts.h"
#include "daemon/early_views.h"
#include "daemon/in_transfer.h"
#include "daemon/job_plan.h"
#include "daemon/model_request.h"

namespace ballast {

// A job as it was at one moment.
struct JobSnapshot {
  ModelRequest request;
  JobPhase phase = JobPhase::kQueued;
  JobProgress progress;
  Status error;                     // kWaiting, kFailed
  std::optional<ReadyModel> ready;  // kReady; and before an update is complete, what is current
  bool resolved = false;            // early views can be opened
  std::vector<std::string> wanted_by;

  bool ended() const { return phase == JobPhase::kReady || phase == JobPhase::kFailed; }
};

// What a cache of the manifest folder wants to be here.
struct WantedModel {
  std::string cache;
  ModelRequest request;
  bool automatic = false;
};

// Thread-safe. Destroy it before what it was given.
class ModelManager {
 public:
  struct Options {
    // Downloads at once; the others wait in line. What somebody waits for does not stand in line behind what nobody
    // does.
    int slots = 4;
    JobTimes times;
    BackoffPolicy backoff{.initial = std::chrono::seconds(1), .max = std::chrono::minutes(2)};
    std::chrono::milliseconds notify_every{200};
    // Who waits hears something at least this often: only by that does a server notice a caller who left.
    std::chrono::milliseconds remind_every{1000};
    // A job began, ended or went. Called under the manager's lock: must not block or call back.
    std::function<void()> phase_changed = [] {};
  };
  // Called with a snapshot, one at a time, under the manager's lock: must not block or call back.
  using Watcher = std::function<void(const JobSnapshot&)>;

  ModelManager(Store& store, Downloader& downloader, DaemonMetrics& metrics, const Clock& clock, Options options);
  ~ModelManager();
  ModelManager(const ModelManager&) = delete;
  ModelManager& operator=(const ModelManager&) = delete;

  // Joins the job of `request` or begins it. The watcher hears of the present state before Watch() returns, and of
  // every change until Unwatch().
  uint64_t Watch(const ModelRequest& request, Watcher watcher);
  // When it returns, the watcher is not running and won't be called again.
  void Unwatch(uint64_t id);

  // A view for the job that `watcher` watches, to be mounted before the model is complete.
  Result<std::string> OpenEarly(uint64_t watcher, const std::string& name, Layout layout);

  // Replaces what the manifest folder wants: begins what is new, lets go of what is not wanted any more.
  void SetWanted(const std::vector<WantedModel>& wanted);

  // Replaces what is mounted early and waits: each is wanted until it is complete.
  void SetMountedEarly(const std::vector<EarlyMount>& mounts);

  // These were removed: what wants them, or waits for them, begins anew.
  void ModelsGone(const std::set<Digest>& models);

  // Something was removed: what failed for want of room is tried again.
  void RoomWasMade();

  std::vector<JobSnapshot> Jobs() const;
  // What jobs that have not ended need, and what is here for those who wait for it.
  InTransfer Moves() const;

  // Ends all attempts; their journals keep what is here. Watchers hear Unavailable. Later calls of Watch do so at once.
  void Stop();

 private:
  struct ExpectedBlob;
  struct Job;
  struct Watching {
    Job* job;
    Watcher tell;
  };

  Job& JobOf(const ModelRequest& request) REQUIRES(mutex_);
  void Schedule(const std::stop_token& stop);
  std::optional<SteadyTime> StepAll() REQUIRES(mutex_);
  std::optional<SteadyTime> Remind(Job& job) REQUIRES(mutex_);
  bool HasSlot(const Job& job) const REQUIRES(mutex_);
  void Start(Job& job) REQUIRES(mutex_);
  void RunAttempt(Job& job, std::stop_token stop);
  AttemptHooks HooksOf(Job& job);
  void Resolved(Job& job, const OriginRecord& record, const std::vector<RemoteFile>& files);
  void Progressed(Job& job, const JobProgress& progress);
  void Ended(Job& job, const Result<ReadyModel>& end);
  void AddMoves(const Job& job, InTransfer& moves) const REQUIRES(mutex_);
  JobSnapshot SnapshotOf(const Job& job) const REQUIRES(mutex_);
  void Notify(Job& job) REQUIRES(mutex_);

  Store& store_;
  Downloader& downloader_;
  DaemonMetrics& metrics_;
  const Clock& clock_;
  const Options options_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::map<std::string, std::unique_ptr<Job>> jobs_ GUARDED_BY(mutex_);  // by ModelRequest::Key(); a running one stays
  std::map<uint64_t, Watching> watching_ GUARDED_BY(mutex_);
  uint64_t next_watcher_ GUARDED_BY(mutex_) = 1;
  int running_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  WorkerPool pool_;
  std::jthread scheduler_;
};

}  // namespace ballast
