#include "operator/testing/cluster_game.h"

#include "base/strings.h"
#include "operator/caches/cache_name.h"
#include "operator/testing/cluster.h"

namespace ballast::controller {
namespace {

constexpr int kNodeCount = 7;
constexpr int kCacheCount = 5;
constexpr uint64_t kGiB = uint64_t{1} << 30;

}  // namespace

std::string ClusterGame::Manifest(int number) { return Digest::Of(std::to_string(number)).ToString(); }

template <typename T, typename F>
void ClusterGame::Change(std::shared_ptr<const T>& value, const F& change) {
  T copy = *value;
  change(copy);
  value = std::make_shared<const T>(std::move(copy));
}

ClusterGame::ClusterGame(uint32_t seed) : random_(seed) {
  random_.discard(7);
  for (int i = 0; i < kNodeCount; ++i) {
    NodeFacts node{.name = StrCat("n", i), .uid = StrCat("uid", i), .ready = true};
    node.labels = {{"pool", i % 2 == 0 ? "even" : "odd"}, {"topology.kubernetes.io/zone", StrCat("z", i % 3)}};
    observed_.nodes.push_back(std::make_shared<const NodeFacts>(node));
    observed_.agents.insert(node.name);
  }
  for (const char* ns : {"team", "web"}) {
    observed_.namespaces.push_back(std::make_shared<const NamespaceFacts>(NamespaceFacts{ns, {{"name", ns}}}));
  }
  AddPolicy(0);
  AddPolicy(1);
  for (int i = 0; i < kCacheCount; ++i) AddCache(i);
}

void ClusterGame::AddPolicy(int number) {
  CachePolicy policy;
  policy.metadata.name = StrCat("p", number);
  policy.spec.priority = number;
  if (number > 0) policy.spec.node_selector = LabelSelector{.match_labels = {{"pool", "odd"}}};
  policy.spec.disk.quota = static_cast<uint64_t>(5 + Pick(20)) * kGiB;
  if (Chance(50)) {
    TenantSpec tenant{.namespace_selector = {.match_labels = {{"name", "team"}}}};
    if (Chance(50)) tenant.quota_per_node = 6 * kGiB;
    if (Chance(50)) tenant.quota_total = 20 * kGiB;
    if (Chance(50)) tenant.max_priority = 1;
    policy.spec.tenants.push_back(tenant);
  }
  observed_.policies.push_back(std::make_shared<const CachePolicy>(policy));
}

void ClusterGame::AddCache(int number) {
  ModelCache cache = MakeCache(StrCat("m", number));
  cache.cluster_scoped = number != 0;
  if (!cache.cluster_scoped) cache.metadata.object_namespace = "team";
  cache.spec.priority = Pick(3);
  cache.spec.gc.keep_revisions = 1 + Pick(3);
  if (Chance(30)) cache.spec.nodes.reset();
  if (cache.spec.nodes && Chance(40)) {
    cache.spec.nodes->selector = LabelSelector{.match_labels = {{"pool", Chance(50) ? "even" : "odd"}}};
  }
  if (cache.spec.nodes && Chance(50)) cache.spec.nodes->max_parallel = IntOrPercent{1 + Pick(3), false};
  if (Chance(40)) cache.spec.seeds = SeedsSpec{1 + Pick(3)};
  if (Chance(25)) cache.spec.gc.cluster_quota = static_cast<uint64_t>(10 + Pick(20)) * kGiB;
  cache.status.revision.current = {"c", Manifest(++revisions_), static_cast<uint64_t>(1 + Pick(9)) * kGiB};
  observed_.caches.push_back(std::make_shared<const ModelCache>(cache));
}

void ClusterGame::Write(const Placement& plan) {
  std::vector<std::shared_ptr<const CacheNode>> next;
  for (const auto& node : observed_.nodes) {
    const auto planned = plan.nodes.find(node->name);
    if (planned == plan.nodes.end()) continue;
    CacheNode object;
    for (const auto& old : observed_.cache_nodes) {
      if (old->metadata.name == node->name) object = *old;
    }
    object.metadata.name = node->name;
    object.metadata.owner_references = {{"v1", "Node", node->name, node->uid}};
    object.spec = *planned->second;
    next.push_back(std::make_shared<const CacheNode>(object));
  }
  observed_.cache_nodes = std::move(next);
}

void ClusterGame::Move() {
  MoveAgents();
  switch (Pick(5)) {
    case 0:
    case 1:
      return MoveCache();
    case 2:
      return MoveNode();
    case 3:
      return MoveVolumes();
    default:
      return Ask();
  }
}

// Each entry goes one phase on, or fails, or stays.
void ClusterGame::MoveAgents() {
  for (auto& node : observed_.cache_nodes) {
    Change(node, [&](CacheNode& object) {
      std::vector<CacheEntryStatus> statuses;
      for (const CacheEntry& entry : object.spec.caches) {
        CacheEntryStatus status{.cache = entry.cache, .manifest = entry.manifest};
        for (const CacheEntryStatus& old : object.status.caches) {
          if (old.cache == entry.cache && old.manifest == entry.manifest) status.phase = old.phase;
        }
        if (status.phase != CachePhase::kReady && Chance(60)) {
          status.phase = status.phase == CachePhase::kDownloading ? CachePhase::kReady : CachePhase::kDownloading;
          if (Chance(10)) status.phase = CachePhase::kFailed;
        }
        statuses.push_back(status);
      }
      object.status.caches = std::move(statuses);
      if (Chance(50)) object.status.wanted.clear();
    });
  }
}

void ClusterGame::MoveCache() {
  auto& cache = observed_.caches[static_cast<size_t>(Pick(static_cast<int>(observed_.caches.size())))];
  const int what = Pick(8);
  Change(cache, [&](ModelCache& object) {
    RevisionStatus& revision = object.status.revision;
    if (what < 2)
      revision.next = RevisionRecord{"d", Manifest(++revisions_), static_cast<uint64_t>(1 + Pick(9)) * kGiB};
    if (what == 2 && revision.next) {
      revision.previous.insert(revision.previous.begin(), revision.current);
      revision.current = *revision.next;
      revision.next.reset();
    }
    if (what == 3) object.spec.suspend = !object.spec.suspend;
    if (what == 4) object.spec.priority = Pick(3);
    if (what == 5) object.spec.nodes = Chance(50) ? std::optional(NodesSpec()) : std::nullopt;
    if (what == 6 && Chance(30)) object.metadata.deletion_timestamp = Timestamp();
    if (what == 7) object.spec.gc.on_delete = Chance(50) ? OnDelete::kKeep : OnDelete::kRelease;
  });
}

void ClusterGame::MoveNode() {
  auto& node = observed_.nodes[static_cast<size_t>(Pick(kNodeCount))];
  const int what = Pick(4);
  Change(node, [&](NodeFacts& facts) {
    if (what == 0) facts.ready = !facts.ready;
    if (what == 1) facts.cordoned = !facts.cordoned;
    if (what == 2) facts.labels["pool"] = Chance(50) ? "even" : "odd";
  });
  if (what == 3) {
    const std::string name = node->name;
    if (observed_.agents.erase(name) == 0) observed_.agents.insert(name);
  }
}

void ClusterGame::MoveVolumes() {
  const auto& cache = observed_.caches[static_cast<size_t>(Pick(static_cast<int>(observed_.caches.size())))];
  if (observed_.volumes.size() > 3) observed_.volumes.erase(observed_.volumes.begin());
  const RevisionRecord& current = cache->status.revision.current;
  observed_.volumes.push_back(std::make_shared<const VolumeFacts>(
      VolumeFacts{StrCat("v", Pick(1000)), CacheNameOf(*cache), current.commit, current.manifest, "team/claim"}));
}

void ClusterGame::Ask() {
  if (observed_.cache_nodes.empty()) return;
  auto& node = observed_.cache_nodes[static_cast<size_t>(Pick(static_cast<int>(observed_.cache_nodes.size())))];
  const std::string cache =
      Chance(10) ? "nobody" : CacheNameOf(*observed_.caches[static_cast<size_t>(Pick(kCacheCount))]);
  Change(node, [&](CacheNode& object) {
    std::erase_if(object.status.wanted, [&](const WantedCache& one) { return one.cache == cache; });
    object.status.wanted.push_back({.cache = cache, .pod_namespace = Chance(50) ? "team" : "web"});
  });
}

}  // namespace ballast::controller
