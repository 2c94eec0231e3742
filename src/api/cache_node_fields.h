// The fields of CacheNode, for FieldReader and FieldWriter.
#pragma once

#include <cstdint>

#include "api/cache_node.h"
#include "api/object_meta_fields.h"
#include "api/patterns_field.h"
#include "core/digest.h"

namespace ballast {

inline constexpr EnumNames<CachePhase, 4> kCachePhases = {{{CachePhase::kWaiting, "Waiting"},
                                                           {CachePhase::kDownloading, "Downloading"},
                                                           {CachePhase::kReady, "Ready"},
                                                           {CachePhase::kFailed, "Failed"}}};

template <typename Io>
void ManifestField(Io& io, std::string& manifest) {
  io.Require("manifest");
  io.Field("manifest", manifest);
  if constexpr (Io::kReads) {
    if (io.ok()) io.Check("manifest", Digest::Parse(manifest).status());
  }
}

template <typename Io>
void Fields(Io& io, CacheEntry& entry) {
  io.Require("cache");
  io.Field("cache", entry.cache);
  ManifestField(io, entry.manifest);
  io.Require("source");
  io.Field("source", entry.source);
  PatternsField(io, "include", entry.filter.include);
  PatternsField(io, "exclude", entry.filter.exclude);
  io.Field("origin", entry.origin);
  io.Field("current", entry.current);
  io.Field("pinned", entry.pinned);
  io.Number("priority", entry.priority, INT32_MIN, INT32_MAX);
  io.Field("unusedFor", entry.unused_for);
  io.Field("namespaces", entry.namespaces);
  io.Field("domain", entry.domain);
}

template <typename Io>
void Fields(Io& io, CacheRefusal& refusal) {
  io.Require("cache");
  io.Field("cache", refusal.cache);
  io.Field("reason", refusal.reason);
  io.Field("message", refusal.message);
}

template <typename Io>
void Fields(Io& io, NodeTenant& tenant) {
  io.Field("namespaces", tenant.namespaces);
  io.Number("quotaBytes", tenant.quota_bytes, 0, INT64_MAX);
  io.Field("sources", tenant.sources);
}

template <typename Io>
void Fields(Io& io, NodePolicy& policy) {
  std::optional interval(policy.eviction_interval);
  io.Field("name", policy.name);
  io.Number("quotaBytes", policy.quota_bytes, 0, INT64_MAX);
  io.Number("highThresholdPercent", policy.high_threshold_percent, 1, 100);
  io.Number("lowThresholdPercent", policy.low_threshold_percent, 0, 99);
  io.Number("minAvailableBytes", policy.min_available_bytes, 0, INT64_MAX);
  io.Field("evictionInterval", interval);
  io.Field("unusedFor", policy.unused_for);
  io.Number("uploadBytesPerSecond", policy.upload, 0, INT64_MAX);
  io.Number("downloadBytesPerSecond", policy.download, 0, INT64_MAX);
  io.Number("originBytesPerSecond", policy.origin, 0, INT64_MAX);
  io.Number("prewarmBytesPerSecond", policy.prewarm, 0, INT64_MAX);
  io.Objects("tenants", policy.tenants);
  if constexpr (Io::kReads) policy.eviction_interval = *interval;
}

template <typename Io>
void Fields(Io& io, CacheNodeSpec& spec) {
  io.Objects("caches", spec.caches);
  io.Objects("refused", spec.refused);
  io.Object("policy", spec.policy);
}

template <typename Io>
void Fields(Io& io, CacheEntryStatus& entry) {
  io.Require("cache");
  io.Field("cache", entry.cache);
  io.Require("manifest");
  io.Field("manifest", entry.manifest);
  io.Require("phase");
  io.Choice("phase", kCachePhases, entry.phase);
  io.Number("bytes", entry.bytes, 0, INT64_MAX);
  io.Field("reason", entry.reason);
  io.Field("message", entry.message);
  io.Field("since", entry.since);
}

template <typename Io>
void Fields(Io& io, WantedCache& wanted) {
  io.Require("cache");
  io.Field("cache", wanted.cache);
  io.Require("namespace");
  io.Field("namespace", wanted.pod_namespace);
  io.Field("revision", wanted.revision);
  io.Field("since", wanted.since);
}

template <typename Io>
void Fields(Io& io, AgentStatus& agent) {
  io.Field("version", agent.version);
  io.Number("storeFormat", agent.store_format, 0, INT32_MAX);
  io.Field("bootId", agent.boot_id);
}

template <typename Io>
void Fields(Io& io, DiskStatus& disk) {
  io.Number("capacityBytes", disk.capacity_bytes, 0, INT64_MAX);
  io.Number("availableBytes", disk.available_bytes, 0, INT64_MAX);
  io.Number("usedBytes", disk.used_bytes, 0, INT64_MAX);
  io.Number("quotaBytes", disk.quota_bytes, 0, INT64_MAX);
}

template <typename Io>
void Fields(Io& io, CacheNodeSummary& summary) {
  io.Field("caches", summary.caches);
  io.Field("used", summary.used);
  io.Field("quota", summary.quota);
}

template <typename Io>
void Fields(Io& io, CacheNodeStatus& status) {
  io.Number("observedGeneration", status.observed_generation, 0, INT64_MAX);
  io.Object("summary", status.summary);
  io.Object("agent", status.agent);
  io.Object("disk", status.disk);
  io.Objects("caches", status.caches);
  io.Objects("wanted", status.wanted);
  io.Objects("conditions", status.conditions);
}

template <typename Io>
void Fields(Io& io, CacheNode& node) {
  io.Require("metadata");
  io.Object("metadata", node.metadata);
  io.Object("spec", node.spec);
  io.Object("status", node.status);
}

}  // namespace ballast
