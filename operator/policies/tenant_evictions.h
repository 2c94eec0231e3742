// What a lower quotaPerNode of a policy's tenants evicts from a node. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "api/cache_node.h"
#include "api/cache_policy.h"

namespace ballast::controller {

struct TenantsOver {
  uint64_t bytes = 0;                 // above the quotas of `after`, and not above those before
  std::set<std::string_view> caches;  // of these tenants; names of the node's entries
};

// `after`: what the node would be told; before: what it is told now.
TenantsOver TenantsOverQuota(const CacheNode& node, const NodePolicy& after);

// Where `before` lets a tenant have more than `after`, which is the policy of `tenants` resolved, its quota stays.
void HoldQuotas(const NodePolicy& before, const NodePolicy& after, std::vector<TenantSpec>& tenants);

}  // namespace ballast::controller
