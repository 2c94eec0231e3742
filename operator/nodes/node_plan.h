// When a new node's startup taint goes, and which labels tell of its warm models. Pure.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/cache_node.h"
#include "api/model_cache.h"
#include "kube/json.h"
#include "operator/cluster_objects.h"

namespace ballast::controller {

inline constexpr char kWarmLabelPrefix[] = "ballast.dev/warm.";
inline constexpr char kWarmLabelValue[] = "true";

struct NodeRules {
  std::chrono::milliseconds max_wait{std::chrono::minutes(15)};  // since the node was made
  bool warm_labels = false;
};

// Read once.
struct NodeObserved {
  NodeFacts node;
  std::shared_ptr<const CacheNode> cache_node;            // null: none
  std::vector<std::shared_ptr<const ModelCache>> caches;  // those that name nodes
  NodeRules rules;
  Timestamp now;
};

struct NodeEvent {
  bool warning = false;
  std::string reason;
  std::string note;

  friend bool operator==(const NodeEvent&, const NodeEvent&) = default;
};

struct NodePlan {
  bool remove_taint = false;
  Labels warm;                                     // exactly these of kWarmLabelPrefix
  std::optional<NodeEvent> event;                  // once the taint is off
  std::optional<std::chrono::seconds> look_again;  // the taint's time runs out then

  friend bool operator==(const NodePlan&, const NodePlan&) = default;
};

// The taint goes when the node's agent serves and each cache with nodes.required that selects the node is warm there,
// or when max_wait is over. A cache that is suspended, larger than the node's quota, or refused to this node holds
// nothing up.
NodePlan PlanNode(const NodeObserved& observed);

// What keeps the taint; "": nothing.
std::string WhyNotReady(const NodeObserved& observed);

// "ballast.dev/warm.llama-3-1-8b" of a ClusterModelCache, "ballast.dev/warm.team_llama" of a ModelCache. Labels' names
// have at most 63 bytes: of what is longer, the end is 8 hex digits of its SHA-256.
std::string WarmLabel(const std::string& cache);

// Whether the informers' copy of the node already says what `plan` wants.
bool IsDone(const NodeFacts& node, const NodePlan& plan);

// The merge patch that makes `node` (as the apiserver has it) what `plan` wants, for that resourceVersion only;
// nothing: it is so. It changes what admission/node-changes.yaml permits, and other taints not by a byte.
std::optional<Json> PatchOf(const Json& node, const NodePlan& plan);

}  // namespace ballast::controller
