// Which caches are admitted to which nodes, and whose turn it is to download. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "operator/placement/rows.h"

namespace ballast::controller {

// What a tenant has over all nodes of a policy.
using TenantTotals = std::map<std::pair<const CachePolicy*, int>, uint64_t>;

// Gives rooms, the strongest claim first: fills `admitted` and `seeds` of each claim, and what of its decision concerns
// nodes that get nothing.
void Admit(std::vector<CacheClaim>& claims, std::vector<NodeRow>& rows, TenantTotals& totals);

// Turns what was admitted into pinned entries, at most maxParallel nodes downloading at a time.
void Pin(CacheClaim& claim);

// nodes.maxParallel of `desired` nodes; all, where it says nothing.
int64_t MaxParallel(const ModelCache& cache, size_t desired);

// A node's failure to show; only the first kMaxFailures are kept.
void AddFailure(CacheDecision& decision, const std::string& node, Reason reason, std::string message,
                std::optional<Timestamp> since = std::nullopt);

// Why gc.clusterQuota or tenants[].quotaTotal keeps one more copy from a node; nothing: neither does.
std::optional<Problem> RefuseTotals(const CacheClaim& claim, const RevisionRecord& record, const NodeRow& row,
                                    const TenantTotals& totals);
void TakeTotals(CacheClaim& claim, const RevisionRecord& record, const NodeRow& row, TenantTotals& totals);

}  // namespace ballast::controller
