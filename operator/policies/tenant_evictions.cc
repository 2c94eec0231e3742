#include "operator/policies/tenant_evictions.h"

#include <algorithm>
#include <map>

#include "api/policy_rules.h"
#include "operator/policies/ready_copy.h"

namespace ballast::controller {
namespace {

// The namespace of a ModelCache's entry, which lists no other; "": it is the cluster's.
std::string_view HomeOf(const CacheEntry& entry) {
  return entry.namespaces.size() == 1 && entry.namespaces.front() != "*" ? std::string_view(entry.namespaces.front())
                                                                         : std::string_view();
}

const NodeTenant* TenantOf(const NodePolicy& policy, const CacheEntry& entry) {
  const std::string home(HomeOf(entry));
  return home.empty() ? nullptr : ballast::TenantOf(policy.tenants, home);
}

// By tenant of `policy` that has a quota: how much more than that its models take, each once.
std::map<const NodeTenant*, uint64_t> Over(const CacheNode& node, const NodePolicy& policy) {
  std::map<const NodeTenant*, uint64_t> used;
  std::set<std::pair<const NodeTenant*, std::string_view>> seen;
  for (const CacheEntry& entry : node.spec.caches) {
    const NodeTenant* tenant = TenantOf(policy, entry);
    if (tenant == nullptr || tenant->quota_bytes == 0 || !seen.emplace(tenant, entry.manifest).second) continue;
    const CacheEntryStatus* copy = ReadyCopy(node, entry);
    used[tenant] += copy == nullptr ? 0 : copy->bytes;
  }
  for (auto& [tenant, bytes] : used) bytes -= std::min(bytes, tenant->quota_bytes);
  return used;
}

uint64_t Sum(const std::map<const NodeTenant*, uint64_t>& over) {
  uint64_t sum = 0;
  for (const auto& [tenant, bytes] : over) sum += bytes;
  return sum;
}

// 0: none.
uint64_t QuotaBefore(const NodePolicy& before, const NodeTenant& after) {
  const NodeTenant* tenant =
      after.namespaces.empty() ? nullptr : ballast::TenantOf(before.tenants, after.namespaces.front());
  return tenant == nullptr ? 0 : tenant->quota_bytes;
}

}  // namespace

TenantsOver TenantsOverQuota(const CacheNode& node, const NodePolicy& after) {
  if (after.tenants.empty()) return {};
  const auto over = Over(node, after);
  const uint64_t now = Sum(over);
  const uint64_t before = Sum(Over(node, node.spec.policy));
  if (now <= before) return {};
  TenantsOver found{.bytes = now - before};
  for (const CacheEntry& entry : node.spec.caches) {
    const auto at = over.find(TenantOf(after, entry));
    if (at != over.end() && at->second > 0) found.caches.insert(entry.cache);
  }
  return found;
}

void HoldQuotas(const NodePolicy& before, const NodePolicy& after, std::vector<TenantSpec>& tenants) {
  for (size_t i = 0; i < tenants.size(); ++i) {
    const uint64_t now = after.tenants[i].quota_bytes;
    const uint64_t then = QuotaBefore(before, after.tenants[i]);
    if (now == 0 || (then != 0 && then <= now)) continue;
    tenants[i].quota_per_node = then == 0 ? std::nullopt : std::optional(then);
  }
}

}  // namespace ballast::controller
