#include "api/policy_rules.h"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace ballast {

bool GoesBefore(const CachePolicy& a, const CachePolicy& b) {
  const auto key = [](const CachePolicy& policy) {
    return std::tuple(-int64_t{policy.spec.priority}, policy.metadata.creation_timestamp.value_or(Timestamp::max()),
                      std::string_view(policy.metadata.name));
  };
  return key(a) < key(b);
}

bool SelectsNode(const CachePolicy& policy, const Labels& node) {
  return !policy.spec.node_selector || policy.spec.node_selector->Matches(node);
}

NodePolicy ResolvePolicy(const CachePolicy& policy, const FindNamespaces& namespaces) {
  const CachePolicySpec& spec = policy.spec;
  NodePolicy resolved{.name = policy.metadata.name,
                      .quota_bytes = spec.disk.quota.value_or(0),
                      .high_threshold_percent = spec.disk.high_threshold_percent,
                      .low_threshold_percent = spec.disk.low_threshold_percent,
                      .min_available_bytes = spec.disk.min_available.value_or(0),
                      .eviction_interval = spec.eviction.interval,
                      .unused_for = spec.eviction.unused_for,
                      .upload = spec.limits.upload.value_or(0),
                      .download = spec.limits.download.value_or(0),
                      .origin = spec.limits.origin.value_or(0),
                      .prewarm = spec.limits.prewarm.value_or(0)};
  for (const TenantSpec& tenant : spec.tenants) {
    resolved.tenants.push_back(
        {namespaces(tenant.namespace_selector), tenant.quota_per_node.value_or(0), tenant.sources});
  }
  return resolved;
}

uint64_t Stricter(uint64_t a, uint64_t b) { return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b); }

}  // namespace ballast
