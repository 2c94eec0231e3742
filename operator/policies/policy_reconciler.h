// What a CachePolicy shows. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "api/cache_policy.h"
#include "operator/policies/large_evictions.h"

namespace ballast::controller {

struct PolicyObserved {
  CachePolicy policy;
  int32_t nodes = 0;                      // that it governs
  std::set<std::string> conflicts;        // policies of its priority that select some of the same nodes
  std::set<std::string> too_high;         // its nodes on which its thresholds do not hold
  std::optional<LargeEviction> eviction;  // that a change of it brings
  Timestamp now;
};

// The status to be written; nothing: it is as it should be.
std::optional<CachePolicyStatus> ReconcilePolicy(const PolicyObserved& observed);

}  // namespace ballast::controller
