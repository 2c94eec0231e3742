// CachePolicy as a C++ value, and its JSON. crds/cachepolicies.yaml says what each field means.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/condition.h"
#include "api/label_selector.h"
#include "api/object_meta.h"
#include "base/status.h"

namespace ballast {

enum class Prewarm { kAllowed, kDenied };

struct DiskSpec {
  std::optional<uint64_t> quota;  // bytes; nullopt = no limit but the thresholds
  int32_t high_threshold_percent = 80;
  int32_t low_threshold_percent = 70;  // below the high one
  std::optional<uint64_t> min_available;

  friend bool operator==(const DiskSpec&, const DiskSpec&) = default;
};

struct EvictionSpec {
  std::chrono::milliseconds interval = std::chrono::minutes(15);
  std::optional<std::chrono::milliseconds> unused_for;  // nullopt = only when room is needed

  friend bool operator==(const EvictionSpec&, const EvictionSpec&) = default;
};

// Bytes per second; nullopt and 0 = no limit.
struct LimitsSpec {
  std::optional<uint64_t> upload;
  std::optional<uint64_t> download;
  std::optional<uint64_t> origin;
  std::optional<uint64_t> prewarm;

  friend bool operator==(const LimitsSpec&, const LimitsSpec&) = default;
};

struct TenantSpec {
  LabelSelector namespace_selector;
  std::optional<uint64_t> quota_per_node;
  std::optional<uint64_t> quota_total;
  std::optional<int32_t> max_priority;
  Prewarm prewarm = Prewarm::kAllowed;
  std::vector<std::string> sources;  // patterns; empty = no inline sources

  friend bool operator==(const TenantSpec&, const TenantSpec&) = default;
};

struct CachePolicySpec {
  std::optional<LabelSelector> node_selector;  // nullopt = every node
  int32_t priority = 0;
  DiskSpec disk;
  EvictionSpec eviction;
  LimitsSpec limits;
  std::vector<TenantSpec> tenants;

  friend bool operator==(const CachePolicySpec&, const CachePolicySpec&) = default;
};

struct PendingNodeEviction {
  std::string node;
  uint64_t bytes = 0;
  int32_t percent = 0;
  std::vector<std::string> caches;

  friend bool operator==(const PendingNodeEviction&, const PendingNodeEviction&) = default;
};

struct PendingEvictions {
  int64_t generation = 0;  // to confirm
  std::optional<Timestamp> begins_at;
  uint64_t bytes = 0;
  int32_t node_count = 0;
  std::vector<PendingNodeEviction> nodes;  // at most 10

  friend bool operator==(const PendingEvictions&, const PendingEvictions&) = default;
};

struct CachePolicySummary {
  std::string quota;       // "6.0 TiB", "none"
  std::string thresholds;  // "80% / 70%"

  friend bool operator==(const CachePolicySummary&, const CachePolicySummary&) = default;
};

struct CachePolicyStatus {
  int64_t observed_generation = 0;
  int32_t nodes = 0;
  CachePolicySummary summary;
  std::optional<PendingEvictions> pending_evictions;
  std::vector<Condition> conditions;

  friend bool operator==(const CachePolicyStatus&, const CachePolicyStatus&) = default;
};

struct CachePolicy {
  ObjectMeta metadata;
  CachePolicySpec spec;
  CachePolicyStatus status;

  friend bool operator==(const CachePolicy&, const CachePolicy&) = default;
};

// InvalidArgument: a pattern of tenants[].sources that admits nothing.
Status CheckSourcePattern(std::string_view pattern);

// As ModelCacheFromJson() and its ToJson().
Result<CachePolicy> CachePolicyFromJson(const nlohmann::json& object);
nlohmann::json ToJson(const CachePolicy& policy);

}  // namespace ballast
