// CacheNode as a C++ value, and its JSON: what one node shall hold (by the operator) and holds (by its agent).
// crds/cachenodes.yaml says what each field means.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/condition.h"
#include "api/object_meta.h"
#include "base/shared_list.h"
#include "base/status.h"
#include "core/glob.h"

namespace ballast {

// How long crds/cachenodes.yaml lets these lists be: one that is longer is refused with all that is beside it.
inline constexpr size_t kMaxNamespaces = 1024;  // of an entry, of a tenant
inline constexpr size_t kMaxTenants = 64;

// One revision that the node may have. A cache is named as everywhere: namespace/name, or name of a ClusterModelCache.
struct CacheEntry {
  std::string cache;
  std::string manifest;  // "sha256:…"
  std::string source;    // with its commit
  PathFilter filter;     // of the files at the source that the manifest is made of
  std::string origin;
  bool current = false;
  bool pinned = false;
  int32_t priority = 0;
  std::optional<std::chrono::milliseconds> unused_for;
  std::vector<std::string> namespaces;  // {"*"} = all, empty = none
  std::string domain;                   // "" = public

  friend bool operator==(const CacheEntry&, const CacheEntry&) = default;
  friend auto operator<=>(const CacheEntry&, const CacheEntry&) = default;
};

struct CacheRefusal {
  std::string cache;
  std::string reason;
  std::string message;

  friend bool operator==(const CacheRefusal&, const CacheRefusal&) = default;
};

struct NodeTenant {
  std::vector<std::string> namespaces;
  uint64_t quota_bytes = 0;
  std::vector<std::string> sources;

  friend bool operator==(const NodeTenant&, const NodeTenant&) = default;
};

// Bytes, bytes per second; 0 = no limit.
struct NodePolicy {
  std::string name;
  uint64_t quota_bytes = 0;
  int32_t high_threshold_percent = 80;
  int32_t low_threshold_percent = 70;
  uint64_t min_available_bytes = 0;
  std::chrono::milliseconds eviction_interval = std::chrono::minutes(15);
  std::optional<std::chrono::milliseconds> unused_for;
  uint64_t upload = 0;
  uint64_t download = 0;
  uint64_t origin = 0;
  uint64_t prewarm = 0;
  std::vector<NodeTenant> tenants;

  friend bool operator==(const NodePolicy&, const NodePolicy&) = default;
};

struct CacheNodeSpec {
  SharedList<CacheEntry> caches;  // a large cluster's nodes have much the same
  std::vector<CacheRefusal> refused;
  NodePolicy policy;

  friend bool operator==(const CacheNodeSpec&, const CacheNodeSpec&) = default;
};

enum class CachePhase { kWaiting, kDownloading, kReady, kFailed };

struct CacheEntryStatus {
  std::string cache;
  std::string manifest;
  CachePhase phase = CachePhase::kWaiting;
  uint64_t bytes = 0;
  std::string reason;
  std::string message;
  std::optional<Timestamp> since;

  friend bool operator==(const CacheEntryStatus&, const CacheEntryStatus&) = default;
};

// A question of pods, which the operator answers in spec.
struct WantedCache {
  std::string cache;
  std::string pod_namespace;
  std::string revision;
  std::optional<Timestamp> since;

  friend bool operator==(const WantedCache&, const WantedCache&) = default;
};

struct AgentStatus {
  std::string version;
  int32_t store_format = 0;
  std::string boot_id;

  friend bool operator==(const AgentStatus&, const AgentStatus&) = default;
};

struct DiskStatus {
  uint64_t capacity_bytes = 0;
  uint64_t available_bytes = 0;
  uint64_t used_bytes = 0;
  uint64_t quota_bytes = 0;

  friend bool operator==(const DiskStatus&, const DiskStatus&) = default;
};

struct CacheNodeSummary {
  std::string caches;  // "3/4"
  std::string used;    // "1.2 TiB"
  std::string quota;   // "6.0 TiB", "none"

  friend bool operator==(const CacheNodeSummary&, const CacheNodeSummary&) = default;
};

struct CacheNodeStatus {
  int64_t observed_generation = 0;
  CacheNodeSummary summary;
  AgentStatus agent;
  DiskStatus disk;
  std::vector<CacheEntryStatus> caches;
  std::vector<WantedCache> wanted;
  std::vector<Condition> conditions;

  friend bool operator==(const CacheNodeStatus&, const CacheNodeStatus&) = default;
};

struct CacheNode {
  ObjectMeta metadata;
  CacheNodeSpec spec;
  CacheNodeStatus status;

  friend bool operator==(const CacheNode&, const CacheNode&) = default;
};

// As ModelCacheFromJson() and its ToJson().
Result<CacheNode> CacheNodeFromJson(const nlohmann::json& object);
nlohmann::json ToJson(const CacheNode& node);

}  // namespace ballast
