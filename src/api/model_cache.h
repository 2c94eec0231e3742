// ClusterModelCache and ModelCache as C++ values, and their JSON; manifests.h reads them in files.
// crds/clustermodelcaches.yaml says what each field means; schema_test.cc holds the two together.
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
#include "core/glob.h"
#include "core/model_ref.h"

namespace ballast {

struct SecretKeyRef {
  std::string name;
  std::string key;
  std::string secret_namespace;  // Cluster… only

  friend bool operator==(const SecretKeyRef&, const SecretKeyRef&) = default;
};

struct ModelSource {
  ModelRef uri;          // without revision
  std::string revision;  // "" = default branch
  PathFilter filter;     // include, exclude
  std::string origin;    // name of a configured origin; "" = the one that matches the scheme
  std::optional<SecretKeyRef> token_secret_ref;

  // uri with the revision in it.
  ModelRef Ref() const;
  friend bool operator==(const ModelSource&, const ModelSource&) = default;
};

enum class Placement { kPrefer, kRequire };
enum class UpdateType { kManual, kAutomatic };
enum class OnDelete { kRelease, kKeep };

// Where to keep it warm. Without Kubernetes there is one node, this one, and all of this says yes.
struct NodesSpec {
  std::optional<LabelSelector> selector;  // nullopt = every node
  Placement placement = Placement::kPrefer;
  bool required = false;                     // a new node keeps its startup taint until it is warm
  std::optional<IntOrPercent> max_parallel;  // nullopt = all

  friend bool operator==(const NodesSpec&, const NodesSpec&) = default;
};

struct SeedsSpec {
  int32_t count = 0;
  std::optional<LabelSelector> selector;

  friend bool operator==(const SeedsSpec&, const SeedsSpec&) = default;
};

struct UpdatePolicy {
  UpdateType type = UpdateType::kManual;

  friend bool operator==(const UpdatePolicy&, const UpdatePolicy&) = default;
};

struct GcSpec {
  std::optional<std::chrono::milliseconds> unused_for;  // nullopt = the node's policy
  int32_t keep_revisions = 2;                           // the current one counted
  std::optional<uint64_t> cluster_quota;                // bytes over all nodes
  OnDelete on_delete = OnDelete::kRelease;

  friend bool operator==(const GcSpec&, const GcSpec&) = default;
};

struct AllowedNamespaces {
  std::optional<LabelSelector> selector;  // nullopt = from: All

  friend bool operator==(const AllowedNamespaces&, const AllowedNamespaces&) = default;
};

struct ModelCacheSpec {
  ModelSource source;
  std::optional<NodesSpec> nodes;  // nullopt = on demand only
  std::optional<SeedsSpec> seeds;
  UpdatePolicy update_policy;
  int32_t priority = 0;
  GcSpec gc;
  bool suspend = false;
  std::optional<AllowedNamespaces> allowed_namespaces;  // Cluster… only; nullopt = all

  friend bool operator==(const ModelCacheSpec&, const ModelCacheSpec&) = default;
};

struct RevisionRecord {
  std::string commit;
  std::string manifest;  // "sha256:…"
  uint64_t bytes = 0;
  uint64_t files = 0;
  std::optional<Timestamp> resolved_at;

  friend bool operator==(const RevisionRecord&, const RevisionRecord&) = default;
};

struct RevisionStatus {
  RevisionRecord current;
  std::string requested;                 // what of the spec this answers: RequestText() of the operator
  std::optional<RevisionRecord> next;    // becomes the current one when the nodes have it
  std::vector<RevisionRecord> previous;  // the newest first, at most 10

  friend bool operator==(const RevisionStatus&, const RevisionStatus&) = default;
};

struct NodeCounts {
  int32_t desired = 0;
  int32_t ready = 0;
  int32_t downloading = 0;
  int32_t failed = 0;
  int32_t excluded = 0;  // not in `desired`

  friend bool operator==(const NodeCounts&, const NodeCounts&) = default;
};

struct ProgressStatus {
  int32_t percent = 0;
  uint64_t bytes_per_second = 0;
  std::optional<Timestamp> estimated_completion_time;

  friend bool operator==(const ProgressStatus&, const ProgressStatus&) = default;
};

struct NodeFailure {
  std::string node;
  std::string reason;
  std::string message;
  std::optional<Timestamp> since;

  friend bool operator==(const NodeFailure&, const NodeFailure&) = default;
};

struct VolumesStatus {
  int32_t bound = 0;
  int32_t mounted = 0;
  std::vector<std::string> examples;  // claims as namespace/name, at most 10

  friend bool operator==(const VolumesStatus&, const VolumesStatus&) = default;
};

// What `kubectl get` prints; columns can't compute.
struct ModelCacheSummary {
  std::string revision;  // 8 digits
  std::string size;      // "15.0 GiB"
  std::string ready;     // "38/40"
  std::string progress;  // "97%"

  friend bool operator==(const ModelCacheSummary&, const ModelCacheSummary&) = default;
};

struct ModelCacheStatus {
  int64_t observed_generation = 0;
  ModelCacheSummary summary;
  RevisionStatus revision;
  NodeCounts nodes;
  ProgressStatus progress;
  std::vector<NodeFailure> failures;  // at most 10
  VolumesStatus volumes;
  std::vector<Condition> conditions;

  friend bool operator==(const ModelCacheStatus&, const ModelCacheStatus&) = default;
};

struct ModelCache {
  bool cluster_scoped = true;  // kind: ClusterModelCache | ModelCache
  ObjectMeta metadata;
  ModelCacheSpec spec;
  ModelCacheStatus status;

  friend bool operator==(const ModelCache&, const ModelCache&) = default;
};

// Of the pods that may mount it; nullopt = all. For where a namespace has its name and no other label: a selector of
// others selects none.
std::optional<std::vector<std::string>> NamespacesByName(const ModelCache& cache);

// An object from an apiserver. Unknown keys are passed over: a newer operator may have written them. InvalidArgument
// names the object and the key.
Result<ModelCache> ModelCacheFromJson(const nlohmann::json& object);

// As the apiserver takes it; ModelCacheFromJson() reads the same value. Printed, it is YAML as well.
nlohmann::json ToJson(const ModelCache& cache);

}  // namespace ballast
