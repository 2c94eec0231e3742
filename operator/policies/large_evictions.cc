#include "operator/policies/large_evictions.h"

#include <algorithm>
#include <tuple>

#include "core/eviction.h"

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

// In the order in which they would go, until that many bytes are together.
std::vector<std::string> CachesThatGo(const CacheNode& node, uint64_t bytes) {
  std::vector<const CacheEntry*> entries;
  for (const CacheEntry& entry : node.spec.caches) entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(), [](const CacheEntry* a, const CacheEntry* b) {
    return std::tuple(a->pinned, a->priority) < std::tuple(b->pinned, b->priority);
  });
  std::vector<std::string> names;
  uint64_t sum = 0;
  for (const CacheEntry* entry : entries) {
    const auto status = std::find_if(node.status.caches.begin(), node.status.caches.end(), [&](const auto& one) {
      return one.cache == entry->cache && one.manifest == entry->manifest;
    });
    if (status == node.status.caches.end() || status->phase != CachePhase::kReady) continue;
    if (sum >= bytes || names.size() == kMaxCaches) break;
    sum += status->bytes;
    if (std::count(names.begin(), names.end(), entry->cache) == 0) names.push_back(entry->cache);
  }
  return names;
}

class Guard {
 public:
  Guard(PolicyChoice& choice, Timestamp now) : choice_(choice), now_(now) {}

  void Look(const CacheNode& node) {
    const auto chosen = choice_.of_node.find(node.metadata.name);
    if (chosen == choice_.of_node.end()) return;
    const std::shared_ptr<const CachePolicy> policy = chosen->second;
    const DiskSpec before = DiskOf(node.spec.policy);
    const DiskStatus& disk = node.status.disk;
    const uint64_t bytes = BytesThatGo(policy->spec.disk, disk);
    if (before == Plain(policy->spec.disk) || bytes <= disk.used_bytes / 2) return;
    LargeEviction& eviction = Of(*policy);
    Add(node, bytes, eviction.what);
    if (!eviction.released) chosen->second = Held(policy, before);
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

  static void Add(const CacheNode& node, uint64_t bytes, PendingEvictions& what) {
    what.bytes += bytes;
    ++what.node_count;
    const auto share = static_cast<double>(bytes) / static_cast<double>(node.status.disk.used_bytes);
    what.nodes.push_back({.node = node.metadata.name,
                          .bytes = bytes,
                          .percent = static_cast<int32_t>(share * kPercent),
                          .caches = CachesThatGo(node, bytes)});
  }

  // Nodes that keep the same have one policy, and with it one spec.
  std::shared_ptr<const CachePolicy> Held(const std::shared_ptr<const CachePolicy>& policy, const DiskSpec& disk) {
    const auto same = std::find_if(held_.begin(), held_.end(), [&](const auto& one) {
      return one->metadata.name == policy->metadata.name && one->spec.disk == disk;
    });
    if (same != held_.end()) return *same;
    CachePolicy copy = *policy;
    copy.spec.disk = disk;
    return held_.emplace_back(std::make_shared<const CachePolicy>(std::move(copy)));
  }

  PolicyChoice& choice_;
  const Timestamp now_;
  LargeEvictions found_;
  std::vector<std::shared_ptr<const CachePolicy>> held_;
};

}  // namespace

LargeEvictions GuardLargeEvictions(PolicyChoice& choice,
                                   const std::vector<std::shared_ptr<const CacheNode>>& cache_nodes, Timestamp now) {
  Guard guard(choice, now);
  for (const auto& node : cache_nodes) guard.Look(*node);
  return guard.Done();
}

}  // namespace ballast::controller
