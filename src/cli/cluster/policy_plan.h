// `kubectl ballast plan`: what a CachePolicy would change before it is applied. Pure.
//
// It knows quotas, thresholds and priorities by what nodes last wrote to their CacheNodes, and what is mounted by the
// pods. What else a policy may say of who is admitted and who goes is not foreseen, and named.
#pragma once

#include <string>
#include <vector>

#include "api/cache_node.h"
#include "api/cache_policy.h"
#include "api/model_cache.h"
#include "base/status.h"
#include "cli/cluster/mounts.h"
#include "kube/kube_client.h"

namespace ballast::cli {

struct PlanNode {
  CacheNode node;
  Labels labels;  // of the Node
  std::vector<MountedCache> mounted = {};
};

struct PlanInput {
  CachePolicy policy;  // the new one
  std::vector<CachePolicy> policies;
  std::vector<PlanNode> nodes;
  std::vector<ModelCache> caches;
  bool knows_mounts = true;  // false: who asks may not list pods
};

struct PlannedCache {
  std::string cache;
  std::string manifest;
  uint64_t bytes = 0;
  int32_t priority = 0;
  std::string why;

  friend bool operator==(const PlannedCache&, const PlannedCache&) = default;
};

struct PlannedNode {
  std::string node;
  uint64_t quota = 0;  // 0 = none
  uint64_t used = 0;
  std::vector<PlannedCache> not_admitted;  // wanted there, no room
  std::vector<PlannedCache> evicted;       // on-demand copies
  std::vector<PlannedCache> stays;         // wanted, mounted, or on demand and there is room
  std::vector<CacheRefusal> refused;       // today; whether they would be admitted is not foreseen
  uint64_t unnamed = 0;  // bytes at most of unfinished downloads and of what no cache names: they go first
  uint64_t missing = 0;  // bytes that its thresholds ask for as well, and nothing may go for

  friend bool operator==(const PlannedNode&, const PlannedNode&) = default;
};

struct PolicyPlan {
  std::string policy;
  std::vector<PlannedNode> nodes;   // that it would govern
  std::vector<std::string> others;  // that it selects, and another policy governs: "n1 (storage, priority 200)"
  bool knows_mounts = true;
  std::vector<std::string> not_evaluated;  // "eviction.unusedFor", "disk thresholds of n1": more may go by them
};

// InvalidArgument: no CachePolicy in `text` (YAML or JSON).
Result<CachePolicy> ReadPolicy(std::string_view text, const std::string& file);
Result<PlanInput> LookForPlan(KubeClient& client, CachePolicy policy, const CallLimits& limits);
PolicyPlan PlanPolicy(const PlanInput& input);

std::string Text(const PolicyPlan& plan);
std::string JsonText(const PolicyPlan& plan);

}  // namespace ballast::cli
