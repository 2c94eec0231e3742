// A change of a policy that evicts more than half of what a node has waits, so that somebody can see it coming:
// kLargeEvictionWaits, or until kConfirmAnnotation names its generation. Pure.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/policy_rules.h"
#include "operator/policies/policy_choice.h"

namespace ballast::controller {

struct LargeEviction {
  PendingEvictions what;
  bool released = false;  // confirmed, or its time has come: nodes that do not obey yet are told now

  friend bool operator==(const LargeEviction&, const LargeEviction&) = default;
};

struct LargeEvictions {
  std::map<std::string, LargeEviction> of_policy;
  std::optional<Timestamp> next;  // when the first that waits begins
};

// What `choice` changes on nodes that have a CacheNode: the disk's limits, a shorter unusedFor, and lower quotas of
// tenants. A node for which it waits keeps what it has of these: its policy in `choice` becomes a copy with them.
LargeEvictions GuardLargeEvictions(PolicyChoice& choice,
                                   const std::vector<std::shared_ptr<const CacheNode>>& cache_nodes,
                                   const Namespaces& namespaces, Timestamp now);

}  // namespace ballast::controller
