#include "operator/placement/rows.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "api/policy_rules.h"
#include "base/strings.h"
#include "operator/caches/cache_name.h"
#include "operator/resolver/resolve_request.h"

namespace ballast::controller {
namespace {

using Key = std::pair<std::string_view, std::string_view>;

Key KeyOf(const Held& held) { return {held.entry->cache, held.entry->manifest}; }

std::vector<Held> HeldBy(const CacheNode& node) {
  std::vector<const CacheEntryStatus*> statuses;
  for (const CacheEntryStatus& status : node.status.caches) statuses.push_back(&status);
  const auto key = [](const CacheEntryStatus* status) { return Key(status->cache, status->manifest); };
  std::sort(statuses.begin(), statuses.end(), [&](const auto* a, const auto* b) { return key(a) < key(b); });
  std::vector<Held> held;
  for (const CacheEntry& entry : node.spec.caches) {
    const Key wanted(entry.cache, entry.manifest);
    const auto at = std::partition_point(statuses.begin(), statuses.end(),
                                         [&](const auto* status) { return key(status) < wanted; });
    held.push_back({&entry, at == statuses.end() || key(*at) != wanted ? nullptr : *at});
  }
  std::sort(held.begin(), held.end(), [](const Held& a, const Held& b) { return KeyOf(a) < KeyOf(b); });
  return held;
}

constexpr int32_t kDefaultHighPercent = 80;
constexpr uint64_t kPercent = 100;

// As the node's agent obeys it.
int32_t HighPercent(const CachePolicy* policy, const CacheNode* node) {
  const int32_t high = policy == nullptr ? kDefaultHighPercent : policy->spec.disk.high_threshold_percent;
  return SharesNodeFilesystem(node) ? std::min(high, kSharedThreshold) : high;
}

std::optional<uint64_t> LimitOf(const CachePolicy* policy, const CacheNode* node) {
  const DiskStatus disk = node == nullptr ? DiskStatus{} : node->status.disk;
  uint64_t quota = policy == nullptr ? 0 : policy->spec.disk.quota.value_or(0);
  if (quota == 0) quota = disk.quota_bytes;
  const uint64_t capacity = disk.capacity_bytes / kPercent * static_cast<uint64_t>(HighPercent(policy, node));
  if (quota == 0 && capacity == 0) return std::nullopt;
  if (quota == 0 || capacity == 0) return std::max(quota, capacity);
  return std::min(quota, capacity);
}

NodeRow MakeRow(const NodeFacts& node, const CacheNode* cache_node, std::shared_ptr<const CachePolicy> policy) {
  NodeRow row{.node = &node, .cache_node = cache_node, .policy = std::move(policy)};
  row.eligible = node.ready && !node.cordoned;
  if (cache_node != nullptr) row.held = HeldBy(*cache_node);
  row.budget = NodeBudget(LimitOf(row.policy.get(), cache_node));
  return row;
}

std::vector<std::string> AllowedNamespaces(const ModelCache& cache, const Namespaces& namespaces) {
  if (!cache.cluster_scoped) return {cache.metadata.object_namespace};
  const auto& allowed = cache.spec.allowed_namespaces;
  if (!allowed || !allowed->selector) return {"*"};
  return SelectNamespaces(*allowed->selector, namespaces);
}

std::string TooMany(size_t count) {
  return StrCat("spec.allowedNamespaces selects ", count, " namespaces, and a node can be told ", kMaxNamespaces,
                ": pods of the others, which are the newest, are refused; narrow the selector, or say from: All");
}

// The oldest are told to nodes: whoever has the model does not lose it because one more namespace is labelled.
void FillNamespaces(CacheClaim& claim, const Namespaces& all) {
  std::vector<std::string>& names = claim.namespaces;
  names = AllowedNamespaces(*claim.object, all);
  if (names.size() <= kMaxNamespaces) return;
  claim.decision.namespaces = Problem{Reason::kInvalidSpec, TooMany(names.size())};
  std::map<std::string_view, Timestamp> born;
  for (const auto& one : all) born[one->name] = one->created.value_or(Timestamp::max());
  std::sort(names.begin(), names.end(),
            [&](const std::string& a, const std::string& b) { return std::tie(born[a], a) < std::tie(born[b], b); });
  claim.unlisted.assign(names.begin() + kMaxNamespaces, names.end());
  names.resize(kMaxNamespaces);
  std::sort(names.begin(), names.end());
  std::sort(claim.unlisted.begin(), claim.unlisted.end());
}

const RevisionRecord* FindIn(const RevisionStatus& revision, std::string_view manifest) {
  if (revision.current.manifest == manifest) return &revision.current;
  if (revision.next && revision.next->manifest == manifest) return &*revision.next;
  const auto found = std::find_if(revision.previous.begin(), revision.previous.end(),
                                  [&](const auto& record) { return record.manifest == manifest; });
  return found == revision.previous.end() ? nullptr : &*found;
}

using ByManifest = std::map<std::string_view, RevisionRecord>;

// What volumes name and is neither the current nor the next revision: by what is known of it.
ByManifest NamedByVolumes(const ModelCache& cache, const std::vector<const VolumeFacts*>& volumes) {
  const RevisionStatus& revision = cache.status.revision;
  ByManifest named;
  for (const VolumeFacts* volume : volumes) {
    if (volume->manifest.empty() || volume->manifest == revision.current.manifest) continue;
    if (revision.next && revision.next->manifest == volume->manifest) continue;
    const RevisionRecord* known = FindIn(revision, volume->manifest);
    named.try_emplace(volume->manifest, known != nullptr ? *known : RevisionRecord{volume->revision, volume->manifest});
  }
  return named;
}

// The previous ones beside the current one, as many as may stay.
void KeepPrevious(CacheClaim& claim) {
  const auto& previous = claim.object->status.revision.previous;
  const auto others = static_cast<size_t>(claim.object->spec.gc.keep_revisions - 1);
  for (size_t i = 0; i < std::min(others, previous.size()); ++i) claim.previous.push_back(&previous[i]);
}

void FillRecords(CacheClaim& claim, const std::vector<const VolumeFacts*>& volumes) {
  const RevisionStatus& revision = claim.object->status.revision;
  if (revision.current.manifest.empty()) return;
  for (auto& [manifest, record] : NamedByVolumes(*claim.object, volumes)) claim.named_by_volumes.push_back(record);
  claim.wanted.push_back(&revision.current);
  for (const RevisionRecord& record : claim.named_by_volumes) claim.wanted.push_back(&record);
  if (revision.next) {
    claim.wanted.push_back(&*revision.next);
    claim.decision.next = revision.next->manifest;
  }
  KeepPrevious(claim);
}

}  // namespace

bool SharesNodeFilesystem(const CacheNode* node) {
  const Condition* shares =
      node == nullptr ? nullptr : FindCondition(node->status.conditions, ConditionType::kSharesNodeFilesystem);
  return shares != nullptr && shares->status == ConditionStatus::kTrue;
}

bool Held::TakesRoom() const {
  if (status == nullptr) return true;
  return !Is(CachePhase::kFailed) && (!Is(CachePhase::kWaiting) || status->reason != NameOf(Reason::kOnDemand));
}

const Held* NodeRow::Find(std::string_view cache, std::string_view manifest) const {
  const auto at = std::lower_bound(held.begin(), held.end(), Key(cache, manifest),
                                   [](const Held& one, const Key& key) { return KeyOf(one) < key; });
  return at == held.end() || KeyOf(*at) != Key(cache, manifest) ? nullptr : &*at;
}

std::pair<const Held*, const Held*> NodeRow::Of(std::string_view cache) const {
  const auto begin = std::partition_point(held.begin(), held.end(),
                                          [&](const Held& one) { return std::string_view(one.entry->cache) < cache; });
  const auto end = std::partition_point(begin, held.end(), [&](const Held& one) { return one.entry->cache == cache; });
  return {held.data() + (begin - held.begin()), held.data() + (end - held.begin())};
}

bool NodeRow::IsPinned(std::string_view cache, std::string_view manifest) const {
  const Held* found = Find(cache, manifest);
  return found != nullptr && found->entry->pinned;
}

bool NodeRow::IsReady(std::string_view cache, std::string_view manifest) const {
  const Held* found = Find(cache, manifest);
  return found != nullptr && found->Is(CachePhase::kReady);
}

bool NodeRow::HasOnDemand(const CacheClaim& claim, std::string_view manifest) const {
  const Held* found = Find(claim.name, manifest);
  return found != nullptr && IsOnDemand(claim, *found) && found->TakesRoom();
}

bool NodeRow::IsPlanned(std::string_view cache, std::string_view manifest) const {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const PlannedEntry& entry) { return entry.manifest() == manifest && entry.cache() == cache; });
}

std::string_view PlannedEntry::cache() const { return claim != nullptr ? claim->name : held->cache; }

std::string_view PlannedEntry::manifest() const { return record != nullptr ? record->manifest : held->manifest; }

bool CacheClaim::is_active() const { return !object->spec.suspend && !is_deleted() && !current().manifest.empty(); }

const RevisionRecord* CacheClaim::Find(std::string_view manifest_or_commit) const {
  const auto fits = [&](const RevisionRecord* record) {
    return record->manifest == manifest_or_commit || record->commit == manifest_or_commit;
  };
  for (const auto* records : {&wanted, &previous}) {
    const auto found = std::find_if(records->begin(), records->end(), fits);
    if (found != records->end()) return *found;
  }
  return nullptr;
}

std::vector<NodeRow> MakeRows(const ClusterObserved& observed, const PolicyChoice& policies) {
  std::map<std::string_view, const CacheNode*> cache_nodes;
  for (const auto& one : observed.cache_nodes) cache_nodes[one->metadata.name] = one.get();
  std::vector<NodeRow> rows;
  for (const auto& node : observed.nodes) {
    const auto found = cache_nodes.find(node->name);
    const CacheNode* own =
        found != cache_nodes.end() && IsOwnedBy(found->second->metadata, node->uid) ? found->second : nullptr;
    const auto policy = policies.of_node.find(node->name);
    rows.push_back(MakeRow(*node, own, policy == policies.of_node.end() ? nullptr : policy->second));
    rows.back().has_agent = own != nullptr || observed.agents.contains(node->name);
  }
  return rows;
}

std::vector<CacheClaim> MakeClaims(const ClusterObserved& observed) {
  std::map<std::string_view, std::vector<const VolumeFacts*>> volumes;
  for (const auto& volume : observed.volumes) {
    if (!volume->released) volumes[volume->cache].push_back(volume.get());
  }
  std::map<std::string_view, const NamespaceFacts*> homes;
  for (const auto& one : observed.namespaces) homes[one->name] = one.get();
  std::vector<CacheClaim> claims;
  claims.reserve(observed.caches.size());  // records point into their own claim
  for (const auto& cache : observed.caches) {
    CacheClaim& claim = claims.emplace_back();
    claim.object = cache.get();
    claim.name = CacheNameOf(*cache);
    claim.domain = DomainOf(*cache);
    FillNamespaces(claim, observed.namespaces);
    const auto home = homes.find(cache->metadata.object_namespace);
    if (!cache->cluster_scoped && home != homes.end()) claim.home = home->second;
    FillRecords(claim, volumes[claim.name]);
  }
  return claims;
}

const TenantSpec* TenantOf(const CacheClaim& claim, const CachePolicy* policy) {
  if (policy == nullptr || claim.home == nullptr) return nullptr;
  const auto& tenants = policy->spec.tenants;
  const auto found = std::find_if(tenants.begin(), tenants.end(), [&](const TenantSpec& tenant) {
    return tenant.namespace_selector.Matches(claim.home->labels);
  });
  return found == tenants.end() ? nullptr : &*found;
}

bool IsOnDemand(const CacheClaim& claim, const Held& held) {
  return !held.entry->pinned || (held.entry->namespaces.empty() && !claim.namespaces.empty());
}

int32_t PriorityUnder(const CacheClaim& claim, const CachePolicy* policy) {
  const TenantSpec* tenant = TenantOf(claim, policy);
  const int32_t own = claim.object->spec.priority;
  return tenant == nullptr || !tenant->max_priority ? own : std::min(own, *tenant->max_priority);
}

Copy CopyOf(const CacheClaim& claim, const RevisionRecord& record, const CachePolicy* policy) {
  Copy copy{claim.name, record.manifest, record.bytes, PriorityUnder(claim, policy)};
  const TenantSpec* tenant = TenantOf(claim, policy);
  if (tenant == nullptr) return copy;
  copy.tenant = static_cast<int>(tenant - policy->spec.tenants.data());
  copy.tenant_quota = tenant->quota_per_node.value_or(0);
  return copy;
}

}  // namespace ballast::controller
