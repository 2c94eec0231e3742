// The fields of ClusterModelCache and ModelCache, for FieldReader and FieldWriter.
#pragma once

#include <cstdint>

#include "api/model_cache.h"
#include "api/object_meta_fields.h"
#include "api/patterns_field.h"
#include "base/strings.h"

namespace ballast {

inline constexpr int32_t kMaxNodeCount = 1'000'000;
inline constexpr EnumNames<Placement, 2> kPlacements = {
    {{Placement::kPrefer, "Prefer"}, {Placement::kRequire, "Require"}}};
inline constexpr EnumNames<UpdateType, 2> kUpdateTypes = {
    {{UpdateType::kManual, "Manual"}, {UpdateType::kAutomatic, "Automatic"}}};
inline constexpr EnumNames<OnDelete, 2> kOnDeletes = {{{OnDelete::kRelease, "Release"}, {OnDelete::kKeep, "Keep"}}};
enum class NamespacesFrom { kAll, kSelector };
inline constexpr EnumNames<NamespacesFrom, 2> kNamespacesFrom = {
    {{NamespacesFrom::kAll, "All"}, {NamespacesFrom::kSelector, "Selector"}}};

// What api.md and the CRD's rules say of a uri; else why not.
Result<ModelRef> ParseCacheUri(std::string_view text, bool cluster_scoped);

template <typename Io>
void SecretFields(Io& io, SecretKeyRef& ref, bool cluster_scoped) {
  io.Require("name");
  NameField(io, "name", ref.name);
  io.Require("key");
  io.Field("key", ref.key);
  if (cluster_scoped) {
    io.Require("namespace");
    NameField(io, "namespace", ref.secret_namespace);
  } else if constexpr (Io::kReads) {
    io.Ignore("namespace");
    if (io.Has("namespace")) io.Fail("namespace", "is the cache's own; leave it out");
  }
}

template <typename Io>
void UriField(Io& io, ModelRef& uri, bool cluster_scoped) {
  std::string text = uri.name.empty() ? "" : uri.ToString();
  io.Require("uri");
  io.Field("uri", text);
  if constexpr (Io::kReads) {
    if (!io.Has("uri") || !io.ok()) return;
    const Result<ModelRef> parsed = ParseCacheUri(text, cluster_scoped);
    io.Check("uri", parsed.status());
    if (parsed.ok()) uri = *parsed;
  }
}

template <typename Io>
void RevisionField(Io& io, ModelSource& source) {
  io.Field("revision", source.revision);
  if constexpr (Io::kReads) {
    if (!io.Has("revision") || !io.ok()) return;
    io.Check("revision", CheckRevision(source.revision));
    if (source.uri.scheme != OriginScheme::kHuggingFace) io.Fail("revision", "has a meaning for hf:// only");
  }
}

template <typename Io>
void SourceFields(Io& io, ModelSource& source, bool cluster_scoped) {
  UriField(io, source.uri, cluster_scoped);
  RevisionField(io, source);
  PatternsField(io, "include", source.filter.include);
  PatternsField(io, "exclude", source.filter.exclude);
  io.Field("origin", source.origin);
  io.Object("tokenSecretRef", source.token_secret_ref,
            [&](auto& inner, SecretKeyRef& ref) { SecretFields(inner, ref, cluster_scoped); });
}

template <typename Io>
void Fields(Io& io, NodesSpec& nodes) {
  io.Object("selector", nodes.selector);
  io.Choice("placement", kPlacements, nodes.placement);
  io.Field("required", nodes.required);
  io.Field("maxParallel", nodes.max_parallel);
}

template <typename Io>
void Fields(Io& io, SeedsSpec& seeds) {
  io.Require("count");
  io.Number("count", seeds.count, 0, kMaxNodeCount);
  io.Object("selector", seeds.selector);
}

template <typename Io>
void Fields(Io& io, UpdatePolicy& policy) {
  io.Choice("type", kUpdateTypes, policy.type);
}

template <typename Io>
void Fields(Io& io, GcSpec& gc) {
  io.Field("unusedFor", gc.unused_for);
  io.Number("keepRevisions", gc.keep_revisions, 1, 10);
  io.Quantity("clusterQuota", gc.cluster_quota);
  io.Choice("onDelete", kOnDeletes, gc.on_delete);
}

template <typename Io>
void Fields(Io& io, AllowedNamespaces& namespaces) {
  auto from = namespaces.selector.has_value() ? NamespacesFrom::kSelector : NamespacesFrom::kAll;
  io.Require("from");
  io.Choice("from", kNamespacesFrom, from);
  io.Object("selector", namespaces.selector);
  if constexpr (Io::kReads) {
    if (!io.ok()) return;
    if (from == NamespacesFrom::kSelector) io.Require("selector");
    if (from == NamespacesFrom::kAll && io.Has("selector")) io.Fail("selector", "must be left out with from: All");
  }
}

template <typename Io>
void SpecFields(Io& io, ModelCacheSpec& spec, bool cluster_scoped) {
  io.Require("source");
  io.Object("source", spec.source,
            [&](auto& inner, ModelSource& source) { SourceFields(inner, source, cluster_scoped); });
  io.Object("nodes", spec.nodes);
  io.Object("seeds", spec.seeds);
  io.Object("updatePolicy", spec.update_policy);
  io.Number("priority", spec.priority, INT32_MIN, INT32_MAX);
  io.Object("gc", spec.gc);
  io.Field("suspend", spec.suspend);
  if (!cluster_scoped) return;
  io.Object("allowedNamespaces", spec.allowed_namespaces);
  if constexpr (Io::kReads) {
    if (spec.source.token_secret_ref.has_value() && !io.Has("allowedNamespaces")) {
      io.Fail("allowedNamespaces", "is missing: with a token, say which namespaces may read the model");
    }
  }
}

template <typename Io>
void RecordFields(Io& io, RevisionRecord& record, std::string_view commit) {
  io.Field(commit, record.commit);
  io.Field("manifest", record.manifest);
  io.Number("bytes", record.bytes, 0, INT64_MAX);
  io.Number("files", record.files, 0, INT64_MAX);
  io.Field("resolvedAt", record.resolved_at);
}

template <typename Io>
void Fields(Io& io, RevisionRecord& record) {
  RecordFields(io, record, "commit");
}

template <typename Io>
void Fields(Io& io, RevisionStatus& revision) {
  RecordFields(io, revision.current, "current");
  io.Field("requested", revision.requested);
  io.Object("next", revision.next);
  io.Objects("previous", revision.previous);
}

template <typename Io>
void Fields(Io& io, NodeCounts& nodes) {
  io.Number("desired", nodes.desired, 0, INT32_MAX);
  io.Number("ready", nodes.ready, 0, INT32_MAX);
  io.Number("downloading", nodes.downloading, 0, INT32_MAX);
  io.Number("failed", nodes.failed, 0, INT32_MAX);
  io.Number("excluded", nodes.excluded, 0, INT32_MAX);
}

template <typename Io>
void Fields(Io& io, ProgressStatus& progress) {
  io.Number("percent", progress.percent, 0, 100);
  io.Number("bytesPerSecond", progress.bytes_per_second, 0, INT64_MAX);
  io.Field("estimatedCompletionTime", progress.estimated_completion_time);
}

template <typename Io>
void Fields(Io& io, NodeFailure& failure) {
  io.Require("node");
  io.Field("node", failure.node);
  io.Field("reason", failure.reason);
  io.Field("message", failure.message);
  io.Field("since", failure.since);
}

template <typename Io>
void Fields(Io& io, VolumesStatus& volumes) {
  io.Number("bound", volumes.bound, 0, INT32_MAX);
  io.Number("mounted", volumes.mounted, 0, INT32_MAX);
  io.Field("examples", volumes.examples);
}

template <typename Io>
void Fields(Io& io, ModelCacheSummary& summary) {
  io.Field("revision", summary.revision);
  io.Field("size", summary.size);
  io.Field("ready", summary.ready);
  io.Field("progress", summary.progress);
}

template <typename Io>
void Fields(Io& io, ModelCacheStatus& status) {
  io.Number("observedGeneration", status.observed_generation, 0, INT64_MAX);
  io.Object("summary", status.summary);
  io.Object("revision", status.revision);
  io.Object("nodes", status.nodes);
  io.Object("progress", status.progress);
  io.Objects("failures", status.failures);
  io.Object("volumes", status.volumes);
  io.Objects("conditions", status.conditions);
}

template <typename Io>
void Fields(Io& io, ModelCache& cache) {
  io.Require("metadata");
  io.Object("metadata", cache.metadata);
  io.Require("spec");
  io.Object("spec", cache.spec,
            [&](auto& inner, ModelCacheSpec& spec) { SpecFields(inner, spec, cache.cluster_scoped); });
  io.Object("status", cache.status);
}

}  // namespace ballast
