// The cluster as the operator sees it: one informer for each kind, shared by all controllers, and what they read as
// values.
//
//   ClusterView view(client, {.ns = "ballast-system"});
//   view.Start();
//   if (!view.AwaitSync(stop)) return;
//   const auto subscription = view.Subscribe([&](const ObjectSeen& seen) { ... queue.Add(seen.name.ToString()); });
//   for (const auto& node : view.nodes().List()) ...
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/cache_node.h"
#include "api/cache_policy.h"
#include "api/model_cache.h"
#include "base/mutex.h"
#include "kube/informer.h"
#include "operator/cluster_objects.h"
#include "operator/typed_store.h"
#include "operator/value_pool.h"

namespace ballast::controller {

enum class Kind { kCache, kPolicy, kCacheNode, kNode, kNamespace, kVolume, kClaim, kStorageClass, kEndpointSlice };

// Something came, changed or went: read the view for what it is now. A Node that only says that it is alive has not
// changed.
struct ObjectSeen {
  Kind kind = Kind::kCache;
  ObjectName name;
};
using OnSeen = std::function<void(const ObjectSeen&)>;

// What keeps a view from being in sync.
struct UnlistedKind {
  std::string resource;  // "cachenodes.ballast.dev"
  Status problem;        // of the last try; OK: the first one has not ended yet

  friend bool operator==(const UnlistedKind&, const UnlistedKind&) = default;
};

struct ClusterViewOptions {
  std::string ns = "ballast-system";  // whose EndpointSlices are followed
  Pause pause = RealPause();
};

// Thread-safe. An object that can't be read (a newer version's, say) stays out of its store, with a line in the log; of
// caches it is known that they are there.
class ClusterView {
 public:
  // `client` outlives it.
  ClusterView(KubeClient& client, const ClusterViewOptions& options);
  ~ClusterView();
  ClusterView(const ClusterView&) = delete;
  ClusterView& operator=(const ClusterView&) = delete;

  void Start();
  bool HasSynced() const;
  bool AwaitSync(const std::stop_token& stop) const;
  std::vector<UnlistedKind> Unlisted() const;  // empty: in sync

  // Until the returned object goes; `seen` runs on informers' threads, must be quick and may read the view. Objects
  // that are there already are not told.
  std::shared_ptr<void> Subscribe(OnSeen seen);

  // Both kinds of cache: a ModelCache by namespace/name, a ClusterModelCache by name.
  const TypedStore<ModelCache>& caches() const { return caches_; }
  // Names of those that are there and of a version that this program can't read; of kCache and kPolicy.
  std::set<std::string> Unread(Kind kind) const EXCLUDES(mutex_);
  const TypedStore<CachePolicy>& policies() const { return policies_; }
  const TypedStore<CacheNode>& cache_nodes() const { return cache_nodes_; }
  const TypedStore<NodeFacts>& nodes() const { return nodes_; }
  // By their name alone, without namespace.
  const TypedStore<NamespaceFacts>& namespaces() const { return namespaces_; }
  // Those of our driver that name a cache.
  const TypedStore<VolumeFacts>& volumes() const { return volumes_; }
  // By node.
  std::map<std::string, AgentEndpoint> Agents() const;

  // As the apiserver has them, for who needs more of them.
  const ObjectStore& volume_objects() const { return Of(Kind::kVolume).store(); }
  const ObjectStore& claims() const { return Of(Kind::kClaim).store(); }
  const ObjectStore& storage_classes() const { return Of(Kind::kStorageClass).store(); }
  const ObjectStore& endpoint_slices() const { return Of(Kind::kEndpointSlice).store(); }

  // What a write returned, so that nobody decides on what was before until the watch tells of it. Nothing where the
  // watch knows something else than `before` by now. Subscribers are told; what the watch brings is no news then, that
  // of an earlier write of ours, which comes late, included.
  void Learn(const std::shared_ptr<const CacheNode>& before, const Json& written);
  void Learn(const std::shared_ptr<const ModelCache>& before, const Json& written);

 private:
  struct Source {
    Kind kind;
    std::unique_ptr<Informer> informer;
  };
  class Subscription;

  void Follow(KubeClient& client, Kind kind, const KubeResource& resource, InformerOptions options);
  const Informer& Of(Kind kind) const;
  void Take(Kind kind, const ObjectChange& change);
  template <typename T>
  bool KeepOrNote(TypedStore<T>& store, Kind kind, const ObjectName& name, Result<T> value) EXCLUDES(mutex_);
  // Whether there is news in it.
  bool Store(Kind kind, const ObjectName& name, const Json& object);
  bool IsKnown(Kind kind, const ObjectName& name, const Json& object) const;
  // Takes the object's version, and those before it, from what is `learned_`. Whether later ones are left.
  bool IsLate(Kind kind, const ObjectName& name, const Json& object) EXCLUDES(mutex_);
  template <typename T>
  void LearnInto(TypedStore<T>& store, Kind kind, const std::shared_ptr<const T>& before, const Json& written,
                 Result<T> value) EXCLUDES(mutex_);
  void Drop(Kind kind, const ObjectName& name);
  // With the entries that other nodes have as well.
  Result<CacheNode> ReadCacheNode(const Json& object);
  void Tell(const ObjectSeen& seen) EXCLUDES(mutex_);

  TypedStore<ModelCache> caches_;
  TypedStore<CachePolicy> policies_;
  TypedStore<CacheNode> cache_nodes_;
  TypedStore<NodeFacts> nodes_;
  TypedStore<NamespaceFacts> namespaces_;
  TypedStore<VolumeFacts> volumes_;
  ValuePool<CacheEntry> entries_;
  mutable Mutex mutex_;
  // The versions that writes of ours made and the watch has not told yet, in order: each was fenced by the one before,
  // so that nothing lies between them.
  std::map<std::pair<Kind, ObjectName>, std::vector<std::string>> learned_ GUARDED_BY(mutex_);
  std::map<Kind, std::set<std::string>> unread_ GUARDED_BY(mutex_);
  std::list<OnSeen> subscribers_ GUARDED_BY(mutex_);
  std::vector<Source> sources_;  // last: their threads use the rest
};

}  // namespace ballast::controller
