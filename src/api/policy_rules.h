// Which CachePolicy a node has, and what it tells the node: the rules that hold with Kubernetes and without. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "api/cache_node.h"
#include "api/cache_policy.h"

namespace ballast {

// A change that evicts more than half of what a node has waits so long, unless this annotation of the policy confirms
// it.
inline constexpr char kConfirmAnnotation[] = "ballast.dev/confirm";
inline constexpr std::chrono::minutes kLargeEvictionWaits{10};

// The most that a threshold may be, percent, where a cache shares the file system of the kubelet, which deletes images
// at 85.
inline constexpr int32_t kSharedThreshold = 80;

// Of policies that select the same node the first governs it: the one of the highest priority, then the oldest, then
// the first by name. A strict order.
bool GoesBefore(const CachePolicy& a, const CachePolicy& b);

bool SelectsNode(const CachePolicy& policy, const Labels& node);

// The namespaces that a selector chooses; {"*"}: all there can be.
using FindNamespaces = std::function<std::vector<std::string>(const LabelSelector&)>;

// As a node reads it: sizes in bytes, selectors as names.
NodePolicy ResolvePolicy(const CachePolicy& policy, const FindNamespaces& namespaces);

// Of two limits of which 0 is none.
uint64_t Stricter(uint64_t a, uint64_t b);

// The first that has `name` among its namespaces is a namespace's own; null: none has. For anything with `namespaces`.
template <typename Tenant>
const Tenant* TenantOf(const std::vector<Tenant>& tenants, const std::string& name) {
  for (const Tenant& tenant : tenants) {
    for (const std::string& one : tenant.namespaces) {
      if (one == "*" || one == name) return &tenant;
    }
  }
  return nullptr;
}

}  // namespace ballast
