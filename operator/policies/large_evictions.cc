#include "operator/policies/large_evictions.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "core/eviction.h"
#include "operator/policies/ready_copy.h"
#include "operator/policies/tenant_evictions.h"

namespace ballast::controller {
namespace {

constexpr size_t kMaxNodes = 10;   // crds/cachepolicies.yaml
constexpr size_t kMaxCaches = 10;  // there, too
constexpr uint64_t kPercent = 100;

// No limit has two spellings.
DiskSpec Plain(DiskSpec disk) {
  if (disk.quota == 0U) disk.quota.reset();
  if (disk.min_available == 0U) disk.min_available.reset();
  return disk;
}

DiskSpec DiskOf(const NodePolicy& policy) {
  return Plain({.quota = policy.quota_bytes,
                .high_threshold_percent = policy.high_threshold_percent,
                .low_threshold_percent = policy.low_threshold_percent,
                .min_available = policy.min_available_bytes});
}

// Mounted copies stay, but nobody here knows which of them are: what is said is the most that can go.
uint64_t BytesThatGo(const DiskSpec& disk, const DiskStatus& status) {
  const EvictionPolicy policy{.quota_bytes = disk.quota.value_or(0),
                              .min_available = disk.min_available.value_or(0),
                              .high_percent = disk.high_threshold_percent,
                              .low_percent = disk.low_threshold_percent};
  const DiskState state{
      .used_bytes = status.used_bytes, .free_bytes = status.available_bytes, .total_bytes = status.capacity_bytes};
  return std::min(BytesToFree(policy, state, 0), status.used_bytes);
}

using UnusedFor = std::optional<std::chrono::milliseconds>;  // nullopt: for ever

bool IsShorter(const UnusedFor& after, const UnusedFor& before) { return after && (!before || *after < *before); }

// What a node has of one manifest, and what is said of how long that may be unused.
struct Copy {
  uint64_t bytes = 0;
  bool pinned = false;
  bool by_policy = false;                  // one of its caches leaves it to the policy
  std::chrono::milliseconds by_caches{0};  // the longest that others of them say

  // The most patient of its caches counts.
  UnusedFor Under(const UnusedFor& policy) const {
    if (!by_policy) return by_caches;
    return policy ? UnusedFor(std::max(by_caches, *policy)) : std::nullopt;
  }
  bool GoesSooner(const UnusedFor& before, const UnusedFor& after) const {
    return !pinned && IsShorter(Under(after), Under(before));
  }
};

using Copies = std::map<std::string_view, Copy>;  // by manifest

Copies CopiesOn(const CacheNode& node) {
  Copies copies;
  for (const CacheEntry& entry : node.spec.caches) {
    Copy& copy = copies[entry.manifest];
    if (const CacheEntryStatus* status = ReadyCopy(node, entry)) copy.bytes = status->bytes;
    copy.pinned = copy.pinned || entry.pinned;
    copy.by_policy = copy.by_policy || !entry.unused_for;
    copy.by_caches = std::max(copy.by_caches, entry.unused_for.value_or(copy.by_caches));
  }
  return copies;
}

// By a shorter unusedFor. How long a copy has been unused nobody here knows, and what no cache names is not listed:
// what is said is the most that can go.
uint64_t BytesThatExpire(const CacheNode& node, const UnusedFor& after) {
  const UnusedFor& before = node.spec.policy.unused_for;
  if (!IsShorter(after, before)) return 0;
  uint64_t listed = 0;
  uint64_t expire = 0;
  for (const auto& [manifest, copy] : CopiesOn(node)) {
    listed += copy.bytes;
    expire += copy.GoesSooner(before, after) ? copy.bytes : 0;
  }
  const uint64_t used = node.status.disk.used_bytes;
  return std::min(used, expire + (used > listed ? used - listed : 0));
}

// In the order in which they would go, until that many bytes are together: first those of tenants that have too much,
// then what is unused for too long by `after`.
std::vector<std::string> CachesThatGo(const CacheNode& node, uint64_t bytes, const TenantsOver& over,
                                      const UnusedFor& after) {
  const Copies copies = CopiesOn(node);
  const auto stays = [&](const CacheEntry& entry) {
    return !copies.at(entry.manifest).GoesSooner(node.spec.policy.unused_for, after);
  };
  std::vector<const CacheEntry*> entries;
  for (const CacheEntry& entry : node.spec.caches) entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(), [&](const CacheEntry* a, const CacheEntry* b) {
    return std::tuple(!over.caches.contains(a->cache), stays(*a), a->pinned, a->priority) <
           std::tuple(!over.caches.contains(b->cache), stays(*b), b->pinned, b->priority);
  });
  std::vector<std::string> names;
  uint64_t sum = 0;
  for (const CacheEntry* entry : entries) {
    const CacheEntryStatus* status = ReadyCopy(node, *entry);
    if (status == nullptr) continue;
    if (sum >= bytes || names.size() == kMaxCaches) break;
    sum += status->bytes;
    if (std::count(names.begin(), names.end(), entry->cache) == 0) names.push_back(entry->cache);
  }
  return names;
}

class Guard {
 public:
  Guard(PolicyChoice& choice, const Namespaces& namespaces, Timestamp now)
      : choice_(choice), namespaces_(namespaces), now_(now) {}

  void Look(const CacheNode& node) {
    const auto chosen = choice_.of_node.find(node.metadata.name);
    if (chosen == choice_.of_node.end()) return;
    const std::shared_ptr<const CachePolicy> policy = chosen->second;
    const NodePolicy& after = Resolved(policy);
    const TenantsOver over = TenantsOverQuota(node, after);
    const uint64_t bytes = std::max(over.bytes, BytesOfChange(node, policy->spec));
    if (bytes <= node.status.disk.used_bytes / 2) return;
    LargeEviction& eviction = Of(*policy);
    Add(node, bytes, CachesThatGo(node, bytes, over, policy->spec.eviction.unused_for), eviction.what);
    if (!eviction.released) chosen->second = Held(policy, node.spec.policy, after);
  }

  LargeEvictions Done() {
    for (auto& [name, eviction] : found_.of_policy) {
      std::vector<PendingNodeEviction>& nodes = eviction.what.nodes;
      std::stable_sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
      if (nodes.size() > kMaxNodes) nodes.resize(kMaxNodes);
      if (eviction.released) continue;
      found_.next = std::min(found_.next.value_or(Timestamp::max()), *eviction.what.begins_at);
    }
    return std::move(found_);
  }

 private:
  LargeEviction& Of(const CachePolicy& policy) {
    const auto [at, added] = found_.of_policy.try_emplace(policy.metadata.name);
    if (!added) return at->second;
    LargeEviction& eviction = at->second;
    const int64_t generation = policy.metadata.generation.value_or(0);
    const auto& known = policy.status.pending_evictions;
    eviction.what.generation = generation;
    eviction.what.begins_at =
        known && known->generation == generation && known->begins_at ? *known->begins_at : now_ + kLargeEvictionWaits;
    const auto confirmed = policy.metadata.annotations.find(kConfirmAnnotation);
    eviction.released = now_ >= *eviction.what.begins_at || (confirmed != policy.metadata.annotations.end() &&
                                                             confirmed->second == std::to_string(generation));
    return eviction;
  }

  // What expires goes first; the disk asks for what is then still too much.
  static uint64_t BytesOfChange(const CacheNode& node, const CachePolicySpec& spec) {
    const bool same_disk = DiskOf(node.spec.policy) == Plain(spec.disk);
    return std::max(same_disk ? 0 : BytesThatGo(spec.disk, node.status.disk),
                    BytesThatExpire(node, spec.eviction.unused_for));
  }

  // With one entry for each tenant: the nodes' own lists have several for one of very many namespaces.
  const NodePolicy& Resolved(const std::shared_ptr<const CachePolicy>& policy) {
    const auto [at, added] = resolved_.try_emplace(policy);
    if (added) {
      at->second = ballast::ResolvePolicy(
          *policy, [&](const LabelSelector& selector) { return SelectNamespaces(selector, namespaces_); });
    }
    return at->second;
  }

  static void Add(const CacheNode& node, uint64_t bytes, std::vector<std::string> caches, PendingEvictions& what) {
    what.bytes += bytes;
    ++what.node_count;
    const auto share = static_cast<double>(bytes) / static_cast<double>(node.status.disk.used_bytes);
    what.nodes.push_back({.node = node.metadata.name,
                          .bytes = bytes,
                          .percent = static_cast<int32_t>(share * kPercent),
                          .caches = std::move(caches)});
  }

  // Nodes that keep the same have one policy, and with it one spec.
  std::shared_ptr<const CachePolicy> Held(const std::shared_ptr<const CachePolicy>& policy, const NodePolicy& before,
                                          const NodePolicy& after) {
    CachePolicy copy = *policy;
    copy.spec.disk = DiskOf(before);
    copy.spec.eviction.unused_for = before.unused_for;
    HoldQuotas(before, after, copy.spec.tenants);
    const auto same = std::find_if(held_.begin(), held_.end(), [&](const auto& one) {
      return one->metadata.name == copy.metadata.name && one->spec == copy.spec;
    });
    if (same != held_.end()) return *same;
    return held_.emplace_back(std::make_shared<const CachePolicy>(std::move(copy)));
  }

  PolicyChoice& choice_;
  const Namespaces& namespaces_;
  const Timestamp now_;
  std::map<std::shared_ptr<const CachePolicy>, NodePolicy> resolved_;
  LargeEvictions found_;
  std::vector<std::shared_ptr<const CachePolicy>> held_;
};

}  // namespace

LargeEvictions GuardLargeEvictions(PolicyChoice& choice,
                                   const std::vector<std::shared_ptr<const CacheNode>>& cache_nodes,
                                   const Namespaces& namespaces, Timestamp now) {
  Guard guard(choice, namespaces, now);
  for (const auto& node : cache_nodes) guard.Look(*node);
  return guard.Done();
}

}  // namespace ballast::controller
