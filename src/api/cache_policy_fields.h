// The fields of CachePolicy, for FieldReader and FieldWriter.
#pragma once

#include <cstdint>

#include "api/cache_policy.h"
#include "api/object_meta_fields.h"

namespace ballast {

inline constexpr EnumNames<Prewarm, 2> kPrewarms = {{{Prewarm::kAllowed, "Allowed"}, {Prewarm::kDenied, "Denied"}}};

template <typename Io>
void Fields(Io& io, DiskSpec& disk) {
  io.Quantity("quota", disk.quota);
  io.Number("highThresholdPercent", disk.high_threshold_percent, 1, 100);
  io.Number("lowThresholdPercent", disk.low_threshold_percent, 0, 99);
  io.Quantity("minAvailable", disk.min_available);
  if constexpr (Io::kReads) {
    if (io.ok() && disk.low_threshold_percent >= disk.high_threshold_percent) {
      io.Fail("lowThresholdPercent",
              "must be below highThresholdPercent: eviction begins at the high one and stops at the low one");
    }
  }
}

template <typename Io>
void Fields(Io& io, EvictionSpec& eviction) {
  std::optional interval(eviction.interval);
  io.Field("interval", interval);
  io.Field("unusedFor", eviction.unused_for);
  if constexpr (Io::kReads) {
    if (io.ok() && *interval < std::chrono::seconds(1)) io.Fail("interval", "must be at least 1s");
    eviction.interval = *interval;
  }
}

template <typename Io>
void Fields(Io& io, LimitsSpec& limits) {
  io.Quantity("uploadBytesPerSecond", limits.upload);
  io.Quantity("downloadBytesPerSecond", limits.download);
  io.Quantity("originBytesPerSecond", limits.origin);
  io.Quantity("prewarmBytesPerSecond", limits.prewarm);
}

template <typename Io>
void Fields(Io& io, TenantSpec& tenant) {
  io.Require("namespaceSelector");
  io.Object("namespaceSelector", tenant.namespace_selector);
  io.Quantity("quotaPerNode", tenant.quota_per_node);
  io.Quantity("quotaTotal", tenant.quota_total);
  io.Number("maxPriority", tenant.max_priority, INT32_MIN, INT32_MAX);
  io.Choice("prewarm", kPrewarms, tenant.prewarm);
  io.Field("sources", tenant.sources);
  if constexpr (Io::kReads) {
    for (const std::string& source : tenant.sources) io.Check("sources", CheckSourcePattern(source));
  }
}

template <typename Io>
void Fields(Io& io, CachePolicySpec& spec) {
  io.Object("nodeSelector", spec.node_selector);
  io.Number("priority", spec.priority, INT32_MIN, INT32_MAX);
  io.Object("disk", spec.disk);
  io.Object("eviction", spec.eviction);
  io.Object("limits", spec.limits);
  io.Objects("tenants", spec.tenants);
}

template <typename Io>
void Fields(Io& io, PendingNodeEviction& eviction) {
  io.Require("node");
  io.Field("node", eviction.node);
  io.Number("bytes", eviction.bytes, 0, INT64_MAX);
  io.Number("percent", eviction.percent, 0, 100);
  io.Field("caches", eviction.caches);
}

template <typename Io>
void Fields(Io& io, PendingEvictions& evictions) {
  io.Number("generation", evictions.generation, 0, INT64_MAX);
  io.Field("beginsAt", evictions.begins_at);
  io.Number("bytes", evictions.bytes, 0, INT64_MAX);
  io.Number("nodeCount", evictions.node_count, 0, INT32_MAX);
  io.Objects("nodes", evictions.nodes);
}

template <typename Io>
void Fields(Io& io, CachePolicySummary& summary) {
  io.Field("quota", summary.quota);
  io.Field("thresholds", summary.thresholds);
}

template <typename Io>
void Fields(Io& io, CachePolicyStatus& status) {
  io.Number("observedGeneration", status.observed_generation, 0, INT64_MAX);
  io.Number("nodes", status.nodes, 0, INT32_MAX);
  io.Object("summary", status.summary);
  io.Object("pendingEvictions", status.pending_evictions);
  io.Objects("conditions", status.conditions);
}

template <typename Io>
void Fields(Io& io, CachePolicy& policy) {
  io.Require("metadata");
  io.Object("metadata", policy.metadata);
  io.Object("spec", policy.spec);
  io.Object("status", policy.status);
}

}  // namespace ballast
