// A change of the policy that evicts more than half of what a node has waits, so that somebody can see it coming: for a
// node that follows a manifests folder. In a cluster the operator decides it for all. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/cache_node.h"
#include "api/cache_policy.h"
#include "base/clock.h"

namespace ballast {

struct GuardedPolicy {
  NodePolicy in_effect;
  std::optional<NodePolicy> waiting;
  SteadyTime begins{};  // of the one that waits

  friend bool operator==(const GuardedPolicy&, const GuardedPolicy&) = default;
};

struct WouldEvict {
  uint64_t bytes = 0;
  uint64_t used_bytes = 0;
};

// What decides about evictions is another. Where it is not, nothing can wait.
bool ChangesWhatStays(const NodePolicy& a, const NodePolicy& b);

// What is in effect from `now` on, and what waits, when `wanted` is asked for and would evict so much at once. While it
// waits, what decides about evictions stays as it is; the rest of it is in effect.
GuardedPolicy NextPolicy(const GuardedPolicy& before, const NodePolicy& wanted, const WouldEvict& would, bool confirmed,
                         SteadyTime now);

// The value of kConfirmAnnotation that lets this policy begin at once. In a folder there are no generations: it is the
// beginning of the digest of what the policy says, and of no other.
std::string ConfirmationOf(const CachePolicy& policy);
bool IsConfirmed(const CachePolicy& policy);

}  // namespace ballast
