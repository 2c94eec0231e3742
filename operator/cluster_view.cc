#include "operator/cluster_view.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/logging.h"

namespace ballast::controller {
namespace {

// Nodes carry long lists of images: few of them at once.
constexpr uint32_t kNodesPerPage = 100;
constexpr char kOurSlices[] = "app.kubernetes.io/part-of=ballast";

// Whether there is news in it.
template <typename T>
bool Keep(TypedStore<T>& store, const ObjectName& name, Result<T> value) {
  if (!value.ok()) {
    LOG(WARNING) << Message("An object can't be read").With("object", name).With("error", value.status());
    store.Remove(name);
    return true;
  }
  const auto before = store.Get(name);
  if (before != nullptr && *before == *value) return false;
  store.Put(name, std::make_shared<const T>(*std::move(value)));
  return true;
}

}  // namespace

// Ends with its owner; the list outlives it, as the view does.
class ClusterView::Subscription {
 public:
  Subscription(ClusterView& view, OnSeen seen) : view_(view) {
    MutexLock lock(view_.mutex_);
    at_ = view_.subscribers_.insert(view_.subscribers_.end(), std::move(seen));
  }
  ~Subscription() {
    MutexLock lock(view_.mutex_);
    view_.subscribers_.erase(at_);
  }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

 private:
  ClusterView& view_;
  std::list<OnSeen>::iterator at_;
};

ClusterView::ClusterView(KubeClient& client, const ClusterViewOptions& options) {
  const InformerOptions whole{.pause = options.pause};
  InformerOptions values = whole;
  values.keep = KeepObjects::kIdentity;
  InformerOptions nodes = values;
  nodes.page = kNodesPerPage;
  InformerOptions slices = whole;
  slices.ns = options.ns;
  slices.label_selector = kOurSlices;
  Follow(client, Kind::kNamespace, kNamespaces, values);
  Follow(client, Kind::kNode, kNodes, nodes);
  Follow(client, Kind::kPolicy, kCachePolicies, values);
  Follow(client, Kind::kCache, kClusterModelCaches, values);
  Follow(client, Kind::kCache, kModelCaches, values);
  Follow(client, Kind::kCacheNode, kCacheNodes, nodes);
  Follow(client, Kind::kVolume, kVolumes, whole);
  Follow(client, Kind::kClaim, kClaims, whole);
  Follow(client, Kind::kStorageClass, kStorageClasses, whole);
  Follow(client, Kind::kEndpointSlice, kEndpointSlices, slices);
}

ClusterView::~ClusterView() { sources_.clear(); }

void ClusterView::Follow(KubeClient& client, Kind kind, const KubeResource& resource, InformerOptions options) {
  auto informer = std::make_unique<Informer>(client, resource, std::move(options));
  informer->AddHandler([this, kind](const ObjectChange& change) { Take(kind, change); });
  sources_.push_back({kind, std::move(informer)});
}

void ClusterView::Start() {
  for (const Source& source : sources_) source.informer->Start();
}

bool ClusterView::HasSynced() const {
  return std::all_of(sources_.begin(), sources_.end(), [](const auto& source) { return source.informer->HasSynced(); });
}

bool ClusterView::AwaitSync(const std::stop_token& stop) const {
  return std::all_of(sources_.begin(), sources_.end(),
                     [&](const auto& source) { return source.informer->AwaitSync(stop); });
}

std::vector<UnlistedKind> ClusterView::Unlisted() const {
  std::vector<UnlistedKind> unlisted;
  for (const Source& source : sources_) {
    const Informer& informer = *source.informer;
    if (!informer.HasSynced()) unlisted.push_back({informer.resource().FullName(), informer.problem()});
  }
  return unlisted;
}

const Informer& ClusterView::Of(Kind kind) const {
  const auto found =
      std::find_if(sources_.begin(), sources_.end(), [&](const auto& source) { return source.kind == kind; });
  BALLAST_CHECK(found != sources_.end()) << "a kind without an informer";
  return *found->informer;
}

std::map<std::string, AgentEndpoint> ClusterView::Agents() const { return AgentsFromSlices(endpoint_slices().List()); }

void ClusterView::Take(Kind kind, const ObjectChange& change) {
  const ObjectName name = NameOf(*change.object);
  if (change.kind == WatchEvent::Kind::kDeleted) {
    Drop(kind, name);
  } else if (!Store(kind, name, *change.object)) {
    return;
  }
  Tell({kind, name});
}

template <typename T>
bool ClusterView::KeepOrNote(TypedStore<T>& store, Kind kind, const ObjectName& name, Result<T> value) {
  {
    MutexLock lock(mutex_);
    if (value.ok()) {
      unread_[kind].erase(name.ToString());
    } else {
      unread_[kind].insert(name.ToString());
    }
  }
  return Keep(store, name, std::move(value));
}

bool ClusterView::Store(Kind kind, const ObjectName& name, const Json& object) {
  if (IsLate(kind, name, object) || IsKnown(kind, name, object)) return false;
  switch (kind) {
    case Kind::kCache:
      return KeepOrNote(caches_, kind, name, ModelCacheFromJson(object));
    case Kind::kPolicy:
      return KeepOrNote(policies_, kind, name, CachePolicyFromJson(object));
    case Kind::kCacheNode:
      return Keep(cache_nodes_, name, ReadCacheNode(object));
    case Kind::kNode:
      return Keep(nodes_, name, Result<NodeFacts>(NodeFromJson(object)));
    case Kind::kNamespace:
      return Keep(namespaces_, name, Result<NamespaceFacts>(NamespaceFromJson(object)));
    case Kind::kVolume:
      if (const auto volume = VolumeFromJson(object)) Keep(volumes_, name, Result<VolumeFacts>(*volume));
      return true;  // who reads the object itself may find something
    case Kind::kClaim:
    case Kind::kStorageClass:
    case Kind::kEndpointSlice:
      break;
  }
  return true;
}

std::set<std::string> ClusterView::Unread(Kind kind) const {
  MutexLock lock(mutex_);
  const auto found = unread_.find(kind);
  return found == unread_.end() ? std::set<std::string>() : found->second;
}

Result<CacheNode> ClusterView::ReadCacheNode(const Json& object) {
  Result<CacheNode> node = CacheNodeFromJson(object);
  if (node.ok()) entries_.Share(node->spec.caches);
  return node;
}

// Told by a write of ours already: reading it a second time would cost as much as the first.
bool ClusterView::IsKnown(Kind kind, const ObjectName& name, const Json& object) const {
  const auto same = [&](const auto& value) {
    return value != nullptr && value->metadata.uid == UidOf(object) &&
           value->metadata.resource_version == ResourceVersionOf(object);
  };
  return (kind == Kind::kCacheNode && same(cache_nodes_.Get(name))) ||
         (kind == Kind::kCache && same(caches_.Get(name)));
}

bool ClusterView::IsLate(Kind kind, const ObjectName& name, const Json& object) {
  MutexLock lock(mutex_);
  const auto found = learned_.find({kind, name});
  if (found == learned_.end()) return false;
  std::vector<std::string>& versions = found->second;
  const auto told = std::find(versions.begin(), versions.end(), ResourceVersionOf(object));
  versions.erase(versions.begin(), told == versions.end() ? told : told + 1);
  const bool late = !versions.empty();
  if (!late) learned_.erase(found);
  return late;
}

void ClusterView::Drop(Kind kind, const ObjectName& name) {
  if (kind == Kind::kCache) caches_.Remove(name);
  if (kind == Kind::kPolicy) policies_.Remove(name);
  if (kind == Kind::kCacheNode) cache_nodes_.Remove(name);
  if (kind == Kind::kNode) nodes_.Remove(name);
  if (kind == Kind::kNamespace) namespaces_.Remove(name);
  if (kind == Kind::kVolume) volumes_.Remove(name);
  MutexLock lock(mutex_);
  learned_.erase({kind, name});
  unread_[kind].erase(name.ToString());
}

std::shared_ptr<void> ClusterView::Subscribe(OnSeen seen) {
  return std::make_shared<Subscription>(*this, std::move(seen));
}

void ClusterView::Tell(const ObjectSeen& seen) {
  MutexLock lock(mutex_);
  for (const OnSeen& subscriber : subscribers_) subscriber(seen);
}

template <typename T>
void ClusterView::LearnInto(TypedStore<T>& store, Kind kind, const std::shared_ptr<const T>& before,
                            const Json& written, Result<T> value) {
  if (!value.ok()) return;
  MutexLock lock(mutex_);
  const ObjectName name = NameOf(written);
  if (!store.PutOver(name, before, std::make_shared<const T>(*std::move(value)))) return;
  learned_[{kind, name}].push_back(ResourceVersionOf(written));
}

void ClusterView::Learn(const std::shared_ptr<const CacheNode>& before, const Json& written) {
  LearnInto(cache_nodes_, Kind::kCacheNode, before, written, ReadCacheNode(written));
  Tell({Kind::kCacheNode, NameOf(written)});
}

void ClusterView::Learn(const std::shared_ptr<const ModelCache>& before, const Json& written) {
  LearnInto(caches_, Kind::kCache, before, written, ModelCacheFromJson(written));
  Tell({Kind::kCache, NameOf(written)});
}

}  // namespace ballast::controller
