// An apiserver in memory that behaves: conflicts, generations, status subresources, finalizers, server-side apply,
// pages, watches with bookmarks and history that is lost. Tests say when time passes for a watch and what fails.
//
// Not like a real one: no namespaces have to exist, no RBAC but Forbid(), no garbage collection of dependents, no
// managedFields to read, schema and CEL only as far as FakeResource::validate goes.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "kube/kube_client.h"
#include "kube/testing/fake_store.h"

namespace ballast {

enum class KubeVerb { kGet, kList, kWatch, kCreate, kUpdate, kApply, kPatch, kDelete };

struct FakeCall {
  KubeVerb verb = KubeVerb::kGet;
  KubeResource resource;
  ObjectName name;  // no name: list and watch
};

// Thread-safe.
class FakeKubeClient final : public KubeClient {
 public:
  // `clock` outlives it.
  explicit FakeKubeClient(const Clock& clock) : store_(clock) {}

  void Serve(FakeResource resource);

  // The next `times` calls of this verb fail with `error`, before they do anything.
  void FailNext(KubeVerb verb, const Status& error, int times = 1);
  // The next call of this verb is carried out, and its answer is lost: the caller sees `error`.
  void LoseAnswer(KubeVerb verb, Status error);
  // As a role that lacks the verb: PermissionDenied until Allow().
  void Forbid(KubeVerb verb, const KubeResource& resource);
  void Allow(KubeVerb verb, const KubeResource& resource);
  // Runs before each call, on the caller's thread, without a lock: may call the client itself (a write that races).
  void OnCall(std::function<void(const FakeCall&)> hook);

  // Every watch that runs sees a bookmark at the current resourceVersion.
  void SendBookmarks();
  // Every watch that runs ends: its time is over, or its connection broke.
  void EndWatches(Status how = OkStatus());
  // History and continue tokens up to now are gone: OutOfRange. Watches that run go on.
  void Compact();
  // Blocks until `count` watches run and have delivered all that there is.
  void AwaitWatches(int count);

  std::vector<FakeCall> calls() const;
  int CountCalls(KubeVerb verb) const;

  Result<Json> Get(const KubeResource& resource, const ObjectName& name, const CallLimits& limits) override;
  Result<ListPage> List(const KubeResource& resource, const ListRequest& request, const CallLimits& limits) override;
  Status Watch(const KubeResource& resource, const WatchRequest& request, const WatchSink& sink,
               const std::stop_token& stop) override;
  Result<Json> Create(const KubeResource& resource, const Json& object, const CallLimits& limits) override;
  Result<Json> Update(const KubeResource& resource, const Json& object, const CallLimits& limits) override;
  Result<Json> Apply(const KubeResource& resource, const ApplyRequest& request, const CallLimits& limits) override;
  Result<Json> Patch(const KubeResource& resource, const ObjectName& name, const Json& patch, Subresource subresource,
                     const CallLimits& limits) override;
  Status Delete(const KubeResource& resource, const ObjectName& name, const Preconditions& preconditions,
                const CallLimits& limits) override;

 private:
  struct Fault {
    Status error;
    bool after = false;
  };
  struct Rest {  // of a list that was begun
    std::vector<Json> items;
    std::string resource_version;
  };
  // What one watch has delivered.
  struct WatchState {
    uint64_t revision = 0;
    uint64_t bookmarks = 0;
    uint64_t ends = 0;
  };

  // Counts the call, runs the hook, then takes the fault that is due.
  Fault Begin(const FakeCall& call, const std::stop_token& stop) EXCLUDES(mutex_);
  // `act`(store) under the lock, unless a fault comes first; an answer is lost where the fault says so.
  template <typename T, typename Act>
  T Call(const FakeCall& call, const CallLimits& limits, const Act& act) EXCLUDES(mutex_);
  ListPage CutPage(Rest rest, uint32_t limit) REQUIRES(mutex_);
  Result<ListPage> ListLocked(const KubeResource& resource, const ListRequest& request) REQUIRES(mutex_);
  Result<WatchState> StartWatch(const KubeResource& resource, const WatchRequest& request) EXCLUDES(mutex_);
  // Watches that wait and have delivered all there is.
  int CountIdle() const REQUIRES(mutex_);
  // What `state` has not delivered yet.
  std::vector<WatchEvent> Collect(const KubeResource& resource, const WatchRequest& request, WatchState& state)
      REQUIRES(mutex_);
  // Waits for events that `request` selects; none: the watch has ended with `how`.
  std::vector<WatchEvent> NextEvents(const KubeResource& resource, const WatchRequest& request, WatchState& state,
                                     const std::stop_token& stop, Status& how) EXCLUDES(mutex_);

  mutable Mutex mutex_;
  CondVar changed_;
  FakeStore store_ GUARDED_BY(mutex_);
  std::map<KubeVerb, std::vector<Fault>> faults_ GUARDED_BY(mutex_);
  std::set<std::pair<KubeVerb, KubeResource>> forbidden_ GUARDED_BY(mutex_);
  std::function<void(const FakeCall&)> hook_ GUARDED_BY(mutex_);
  std::vector<FakeCall> calls_ GUARDED_BY(mutex_);
  std::map<std::string, Rest> tokens_ GUARDED_BY(mutex_);
  uint64_t next_token_ GUARDED_BY(mutex_) = 1;
  uint64_t bookmarks_ GUARDED_BY(mutex_) = 0;
  uint64_t ends_ GUARDED_BY(mutex_) = 0;
  Status end_ GUARDED_BY(mutex_);
  std::set<const WatchState*> idle_ GUARDED_BY(mutex_);
};

}  // namespace ballast
