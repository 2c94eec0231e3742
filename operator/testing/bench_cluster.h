// An apiserver for the scale program: as lean as can be, so that what is measured is the operator. It keeps each
// object as text, as a real one would keep it elsewhere.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <string>

#include "base/mutex.h"
#include "kube/kube_client.h"

namespace ballast::controller {

// Thread-safe. Knows no schemas, no generations but those of updates, no faults.
class BenchCluster final : public KubeClient {
 public:
  double cpu_seconds() const { return static_cast<double>(cpu_nanoseconds_) / 1e9; }  // that its calls took
  // Of its objects and its history, without what the allocator takes for itself: a lower bound.
  uint64_t held_bytes() const EXCLUDES(mutex_);

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
  using Objects = std::map<ObjectName, std::string>;
  struct Event {
    uint64_t revision;
    KubeResource resource;
    ObjectName name;
    WatchEvent::Kind kind;
  };

  Json Write(const KubeResource& resource, Json object, WatchEvent::Kind kind) REQUIRES(mutex_);
  bool Next(const KubeResource& resource, uint64_t& revision, WatchEvent& event, const std::stop_token& stop)
      EXCLUDES(mutex_);

  mutable std::atomic<int64_t> cpu_nanoseconds_{0};
  mutable Mutex mutex_;
  CondVar changed_;
  std::map<KubeResource, Objects> objects_ GUARDED_BY(mutex_);
  std::map<KubeResource, std::deque<Event>> history_ GUARDED_BY(mutex_);
  uint64_t revision_ GUARDED_BY(mutex_) = 100;
};

}  // namespace ballast::controller
