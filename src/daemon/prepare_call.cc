#include "daemon/prepare_call.h"

#include <utility>

#include "base/logging.h"
#include "base/strings.h"

namespace ballast {
namespace {

using cache::v1::PrepareUpdate;

Layout LayoutOf(cache::v1::Layout layout) {
  switch (layout) {
    case cache::v1::HF:
      return Layout::kHf;
    case cache::v1::HF_REPO:
      return Layout::kHfRepo;
    default:
      return Layout::kPlain;
  }
}

PrepareUpdate ReadyUpdate(const ReadyModel& model, const std::string& view) {
  PrepareUpdate update;
  cache::v1::Ready& ready = *update.mutable_ready();
  ready.set_model(model.name);
  ready.set_manifest(model.manifest.ToString());
  ready.set_commit(model.commit);
  ready.set_view(view);
  ready.set_bytes(model.bytes);
  ready.set_files(model.files);
  ready.set_bytes_fetched(model.bytes_fetched);
  ready.set_bytes_from_peers(model.bytes_from_peers);
  ready.set_warning(model.warning);
  return update;
}

Status OtherBytes(const Admitted& admitted, const ReadyModel& model) {
  return FailedPrecondition(StrCat(model.name, " at its origin has manifest ", model.manifest.ToString(),
                                   ", but the volume asks for ", admitted.manifest->ToString(),
                                   ": the revision has moved, or its files were filtered otherwise; name the commit "
                                   "that the manifest came from as revision"));
}

// A later call fetches it again.
Status EvictedMeanwhile(const ReadyModel& model) {
  return Aborted(StrCat(model.name, " was removed from this node just now; try again"));
}

}  // namespace

PrepareCall::PrepareCall(CacheCore& core, WorkerPool& pool, cache::v1::PrepareRequest request)
    : core_(core), pool_(pool), request_(std::move(request)), begun_(core.clock.Steady()) {}

void PrepareCall::Start() {
  if (!pool_.Submit([this](const std::stop_token&) { Begin(); })) End(Unavailable("ballastd is stopping"));
}

void PrepareCall::OnDone() {
  std::optional<uint64_t> watcher;
  {
    MutexLock lock(mutex_);
    watcher = watcher_;
  }
  admission_ = {};
  if (watcher) core_.manager.Unwatch(*watcher);
  delete this;
}

void PrepareCall::OnCancel() {
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
    if (std::exchange(busy_, true)) return;  // the task at work sees it
  }
  EndWith(Cancelled("the caller left; the download goes on"));
}

void PrepareCall::Begin() {
  for (;;) {
    Admittance admittance = core_.admissions.Admit(request_);
    if (admittance.waiting_for.empty() && !admittance.admitted.ok()) return EndWith(admittance.admitted.status());
    if (admittance.waiting_for.empty()) {
      admitted_ = *std::move(admittance.admitted);
      return Join();
    }
    if (const Status waits = AwaitAdmission(admittance.waiting_for); !waits.ok()) return EndWith(waits);
    MutexLock lock(mutex_);
    if (std::exchange(ask_again_, false)) continue;
    if (cancelled_) break;
    busy_ = false;
    unadmitted_ = true;
    return;
  }
  EndWith(Cancelled("the caller left before its model was admitted"));
}

// The lease comes first, as for a download: the kubelet will come back for it.
Status PrepareCall::AwaitAdmission(const std::string& waiting_for) {
  PrepareUpdate update;
  cache::v1::Progress& progress = *update.mutable_progress();
  progress.set_model(request_.cluster_cache() + request_.cache());
  progress.set_phase("waiting");
  progress.set_waiting_for(waiting_for);
  if (!std::exchange(waits_, true)) {
    RETURN_IF_ERROR(PutLease(std::nullopt, ""));
    admission_ = core_.admissions.Watch([this] { AskAgain(); });
    MutexLock lock(mutex_);
    ask_again_ = true;  // what was decided before the watch began
  }
  if (core_.events != nullptr) core_.events->Waiting(request_.lease(), progress);
  Offer(std::move(update));
  return OkStatus();
}

// Under the lock of whoever admits.
void PrepareCall::AskAgain() {
  MutexLock lock(mutex_);
  ask_again_ = true;
  if (busy_ || !unadmitted_) return;
  busy_ = true;
  unadmitted_ = false;
  BALLAST_CHECK(pool_.Submit([this](const std::stop_token&) { Begin(); })) << "calls end before their pool";
}

void PrepareCall::Join() {
  if (const std::optional<ReadyModel> here = core_.downloader.FindHere(admitted_.request, admitted_.manifest))
    return Publish(*here);
  if (const Status leased = PutLease(std::nullopt, ""); !leased.ok()) return EndWith(leased);
  const uint64_t watcher =
      core_.manager.Watch(admitted_.request, [this](const JobSnapshot& snapshot) { Heard(snapshot); });
  {
    MutexLock lock(mutex_);
    watcher_ = watcher;
    busy_ = cancelled_ || NeedsWork();
    if (!busy_) return;
  }
  Work();
}

// Under the manager's lock.
void PrepareCall::Heard(const JobSnapshot& snapshot) {
  PrepareUpdate update;
  *update.mutable_progress() = ProgressOf(snapshot);
  if (core_.events != nullptr && !snapshot.ended() && snapshot.phase != JobPhase::kQueued)
    core_.events->Waiting(request_.lease(), update.progress());
  MutexLock lock(mutex_);
  if (busy_ && watcher_) return;  // it is being ended, by what was heard before: the job may have begun anew
  latest_ = snapshot;
  if (!snapshot.ended()) Offer(std::move(update));
  if (busy_ || !NeedsWork()) return;
  busy_ = true;
  BALLAST_CHECK(pool_.Submit([this](const std::stop_token&) { Work(); })) << "calls end before their pool";
}

// Not where exact bytes are asked for: whether they are these is known when all are here.
bool PrepareCall::MayBeEarly() const { return request_.early() && request_.has_lease() && !admitted_.manifest; }

bool PrepareCall::NeedsWork() const { return latest_ && (latest_->ended() || (MayBeEarly() && latest_->resolved)); }

void PrepareCall::Work() {
  std::optional<JobSnapshot> job;
  {
    MutexLock lock(mutex_);
    if (!cancelled_) job = latest_;
  }
  if (!job) return EndWith(Cancelled("the caller left; the download goes on"));
  if (job->ended()) return Conclude(*job);
  PublishEarly(*job);
}

void PrepareCall::Conclude(const JobSnapshot& job) {
  if (job.phase == JobPhase::kFailed) return EndWith(job.error.WithContext(job.request.Name()));
  if (admitted_.manifest && job.ready->manifest != *admitted_.manifest)
    return EndWith(OtherBytes(admitted_, *job.ready));
  Publish(*job.ready);
}

void PrepareCall::PublishEarly(const JobSnapshot& job) {
  const EarlyMount mount{.volume_id = request_.lease().volume_id(),
                         .target_path = request_.lease().target_path(),
                         .layout = LayoutOf(request_.layout()),
                         .request = admitted_.request};
  uint64_t watcher = 0;
  {
    MutexLock lock(mutex_);
    watcher = *watcher_;
  }
  const Result<std::string> view = core_.manager.OpenEarly(watcher, mount.ViewName(), mount.layout);
  if (!view.ok()) return EndWith(view.status());
  if (const Status added = core_.early_mounts.Add(mount); !added.ok()) return EndWith(added);
  if (const Status leased = PutLease(std::nullopt, *view); !leased.ok()) return EndWith(leased);
  core_.SyncEarlyMounts();
  PrepareUpdate update;
  update.mutable_ready()->set_model(job.request.Name());
  update.mutable_ready()->set_view(*view);
  update.mutable_ready()->set_bytes(job.progress.bytes_total);
  update.mutable_ready()->set_files(job.progress.files_total);
  EndWith(OkStatus(), std::move(update));
}

void PrepareCall::Publish(const ReadyModel& model) {
  const Result<std::string> view = LeasedView(model);
  if (!view.ok()) return EndWith(view.status());
  EndWith(OkStatus(), ReadyUpdate(model, *view));
}

// Keeps the model from being removed until the lease does, and no longer: the caller may remove it at once.
Result<std::string> PrepareCall::LeasedView(const ReadyModel& model) {
  ASSIGN_OR_RETURN(const InUse::Hold hold, core_.in_use.ToPublish(model.manifest));
  if (!core_.store.models().Find(model.manifest)) return EvictedMeanwhile(model);
  ASSIGN_OR_RETURN(std::string view, core_.store.views().Make(model.manifest, LayoutOf(request_.layout()), model.uri));
  RETURN_IF_ERROR(PutLease(model.manifest, view));
  return view;
}

Status PrepareCall::PutLease(const std::optional<Digest>& manifest, const std::string& view) {
  if (!request_.has_lease()) return OkStatus();
  const cache::v1::Lease& lease = request_.lease();
  return core_.store.leases().Put({.volume_id = lease.volume_id(),
                                   .target_path = lease.target_path(),
                                   .pod = lease.pod(),
                                   .manifest = manifest,
                                   .view = view,
                                   .pod_uid = lease.pod_uid()});
}

void PrepareCall::TellPod(const cache::v1::Ready& ready) const {
  if (core_.events != nullptr && request_.volume())
    core_.events->Mounted(request_.lease(), ready, request_.asked_to_write());
}

// A final error takes the lease with it: nobody unpublishes what was never published. What a later call may cure leaves
// it, like a caller that left.
void PrepareCall::EndWith(Status status, std::optional<PrepareUpdate> last) {
  const bool final_error = !status.ok() && !IsRetryable(status) && status.code() != StatusCode::kCancelled;
  if (final_error && request_.has_lease()) {
    const Status removed = core_.store.leases().Remove(request_.lease().volume_id(), request_.lease().target_path());
    if (!removed.ok())
      LOG(ERROR) << Message("Cannot remove the lease of a publish that failed")
                        .With("volume", request_.lease().volume_id())
                        .With("error", removed);
  }
  if (status.ok() && last && last->has_ready()) TellPod(last->ready());
  const Duration took = core_.clock.Steady() - begun_;
  core_.metrics.CountPrepare(status, std::chrono::duration<double>(took).count());
  LOG(INFO) << Message(status.ok() ? "Prepared" : "Not prepared")
                   .With("model", admitted_.request.ref.name.empty()
                                      ? request_.cluster_cache() + request_.cache() + request_.source()
                                      : admitted_.request.Name())
                   .With("pod", request_.lease().pod())
                   .With("took", FormatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(took)))
                   .With("status", status);
  End(std::move(status), std::move(last));
}

}  // namespace ballast
