// Which CachePolicy governs which node. Pure.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/cache_node.h"
#include "api/cache_policy.h"
#include "operator/cluster_objects.h"

namespace ballast::controller {

using Policies = std::vector<std::shared_ptr<const CachePolicy>>;
using Nodes = std::vector<std::shared_ptr<const NodeFacts>>;
using Namespaces = std::vector<std::shared_ptr<const NamespaceFacts>>;

struct PolicyChoice {
  std::map<std::string, std::shared_ptr<const CachePolicy>> of_node;  // nodes that none selects are missing
  std::map<std::string, int32_t> nodes;                               // by policy: how many it governs
  // By policy: the others of its priority that select a node which one of them governs.
  std::map<std::string, std::set<std::string>> conflicts;
  // By policy: its nodes that refuse its thresholds, since the cache shares the kubelet's disk (kSharedThreshold).
  std::map<std::string, std::set<std::string>> too_high;
};

// Of the policies that select a node the one of the highest priority, then the oldest, then the first by name.
PolicyChoice ChoosePolicies(const Policies& policies, const Nodes& nodes);

// The names that `selector` chooses, sorted; {"*"} where it chooses all there can be.
std::vector<std::string> SelectNamespaces(const LabelSelector& selector, const Namespaces& namespaces);

// As an agent reads it: sizes in bytes, selectors as names, lists no longer than a CacheNode's may be. No policy: no
// limits.
NodePolicy ResolvePolicy(const CachePolicy* policy, const Namespaces& namespaces);

}  // namespace ballast::controller
