// Which models shall be on which nodes: what the decision is made from, and what it says. PlanCluster() makes it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/cache_node.h"
#include "api/condition.h"
#include "api/model_cache.h"
#include "operator/policies/large_evictions.h"
#include "operator/policies/policy_choice.h"

namespace ballast::controller {

// All of the cluster, read once.
struct ClusterObserved {
  std::vector<std::shared_ptr<const ModelCache>> caches;
  std::set<std::string> unread_caches;  // there, but of a version that this program can't read
  Policies policies;
  std::set<std::string> unread_policies;  // as unread_caches
  Nodes nodes;
  std::vector<std::shared_ptr<const CacheNode>> cache_nodes;
  Namespaces namespaces;
  std::vector<std::shared_ptr<const VolumeFacts>> volumes;
  std::set<std::string> agents;  // the nodes on which one runs
  Timestamp now;
};

struct Problem {
  Reason reason = Reason::kNotAdmitted;
  std::string message;

  friend bool operator==(const Problem&, const Problem&) = default;
};

inline constexpr size_t kMaxFailures = 10;

// What the decision says of one cache, and how far its nodes are.
struct CacheDecision {
  NodeCounts nodes;
  int32_t waiting = 0;        // desired nodes whose turn has not come (maxParallel)
  uint64_t bytes_wanted = 0;  // over the desired nodes, with the next revision
  uint64_t bytes_ready = 0;
  int32_t copies = 0;                 // nodes that have the current revision whole, desired or not
  std::string next;                   // manifest of the next revision that was planned
  int32_t next_ready = 0;             // desired nodes that have it
  bool deleted = false;               // planned as one that goes
  int32_t listed = 0;                 // CacheNodes whose spec still has to let go of a cache that is being deleted
  std::vector<NodeFailure> failures;  // at most kMaxFailures
  std::optional<Problem> quota;       // the first that keeps a copy from a node
  int32_t refused = 0;                // how many nodes that concerns
  std::optional<Problem> namespaces;  // why pods of some that the spec admits are refused

  friend bool operator==(const CacheDecision&, const CacheDecision&) = default;
};

struct Placement {
  std::map<std::string, CacheDecision> caches;  // by name
  // By node, for each on which an agent runs, or ran. Entries are sorted, so that equal plans are equal specs.
  // Nodes that are told the same share it.
  std::map<std::string, std::shared_ptr<const CacheNodeSpec>> nodes;
  PolicyChoice policies;
  LargeEvictions large_evictions;
};

// Pure. Planning again from what it says (and what agents make of it) changes nothing.
//
// A copy is pinned where the cache's selector or its seeds want it and there is room; rooms are given by priority, then
// age, then name. What a node has on demand, or of earlier revisions, stays listed until nothing names it any more. A
// node that is cordoned or not ready keeps what it was told, and gets nothing new. What nodes have of a cache that
// can't be read stays as it is, and so does the policy that they were told where that can't be read: a rollback of the
// operator takes no model from a pod.
Placement PlanCluster(const ClusterObserved& observed);

}  // namespace ballast::controller
