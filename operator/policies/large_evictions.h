// A change of a policy that evicts more than half of what a node has waits, so that somebody can see it coming. Pure.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operator/policies/policy_choice.h"

namespace ballast::controller {

inline constexpr char kConfirmAnnotation[] = "ballast.dev/confirm";  // names the generation that may begin
inline constexpr std::chrono::minutes kLargeEvictionWaits{10};

struct LargeEviction {
  PendingEvictions what;
  bool released = false;  // confirmed, or its time has come: nodes that do not obey yet are told now

  friend bool operator==(const LargeEviction&, const LargeEviction&) = default;
};

struct LargeEvictions {
  std::map<std::string, LargeEviction> of_policy;
  std::optional<Timestamp> next;  // when the first that waits begins
};

// What `choice` changes on nodes that have a CacheNode. A node for which it waits keeps the disk's limits that it has:
// its policy in `choice` becomes a copy with these.
LargeEvictions GuardLargeEvictions(PolicyChoice& choice,
                                   const std::vector<std::shared_ptr<const CacheNode>>& cache_nodes, Timestamp now);

}  // namespace ballast::controller
