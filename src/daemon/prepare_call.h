// One Prepare call: admitted, leased, then a watcher of its model's job until that ends or the caller leaves.
#pragma once

#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/worker_pool.h"
#include "daemon/admission.h"
#include "daemon/cache_core.h"
#include "daemon/update_stream.h"
#include "proto/cache.grpc.pb.h"

namespace ballast {

// Waiting costs no thread: what touches the disk runs on `pool`, one task of the call at a time. A task owns the call
// while it is `busy_`; the one that ends it does not touch it afterwards.
class PrepareCall final : public UpdateStream<cache::v1::PrepareUpdate> {
 public:
  PrepareCall(CacheCore& core, WorkerPool& pool, cache::v1::PrepareRequest request);

  void Start();
  void OnCancel() override;
  void OnDone() override;

 private:
  void Begin();
  Status AwaitAdmission(const std::string& waiting_for);
  void AskAgain();
  void Join();
  void Heard(const JobSnapshot& snapshot);
  bool MayBeEarly() const;
  bool NeedsWork() const REQUIRES(mutex_);
  void Work();
  void Conclude(const JobSnapshot& job);
  void PublishEarly(const JobSnapshot& job);
  void Publish(const ReadyModel& model);
  void TellPod(const cache::v1::Ready& ready) const;
  Result<std::string> LeasedView(const ReadyModel& model);
  Status PutLease(const std::optional<Digest>& manifest, const std::string& view);
  void EndWith(Status status, std::optional<cache::v1::PrepareUpdate> last = std::nullopt);

  CacheCore& core_;
  WorkerPool& pool_;
  const cache::v1::PrepareRequest request_;
  const SteadyTime begun_;
  Admitted admitted_;   // of the task that owns the call
  bool waits_ = false;  // for admission, once at least; of that task, too

  Mutex mutex_;
  bool busy_ GUARDED_BY(mutex_) = true;
  bool cancelled_ GUARDED_BY(mutex_) = false;
  bool unadmitted_ GUARDED_BY(mutex_) = false;  // nobody has decided yet
  bool ask_again_ GUARDED_BY(mutex_) = false;   // somebody may have, while a task was at work
  std::optional<uint64_t> watcher_ GUARDED_BY(mutex_);
  std::optional<JobSnapshot> latest_ GUARDED_BY(mutex_);
  AdmissionWatch admission_;
};

}  // namespace ballast
