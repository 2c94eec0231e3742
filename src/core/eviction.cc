#include "core/eviction.h"

#include <algorithm>

#include "core/eviction_ledger.h"

namespace ballast {
namespace {

uint64_t Above(uint64_t value, uint64_t limit) { return value > limit ? value - limit : 0; }

uint64_t PercentOf(uint64_t total, int32_t percent) {
  return total / 100 * static_cast<uint64_t>(percent) + total % 100 * static_cast<uint64_t>(percent) / 100;
}

bool GoesAnyway(EvictionReason reason) {
  return reason == EvictionReason::kExpired || reason == EvictionReason::kSurplus;
}

class Planner {
 public:
  explicit Planner(const EvictionInput& input)
      : input_(input),
        overdue_(BytesToFree(input.policy, input.disk, 0)),
        to_free_(BytesToFree(input.policy, input.disk, input.request ? input.request->bytes : 0)),
        ledger_(input) {}

  EvictionPlan Plan() {
    for (const EvictionCandidate& candidate : ledger_.Candidates()) {
      if (!GoesAnyway(candidate.reason) && !GivesRoom(candidate) && !HelpsItsTenants(candidate)) continue;
      ledger_.Evict(candidate);
      taken_.push_back(candidate);
    }
    Spare();
    return Report();
  }

 private:
  bool GivesRoom(const EvictionCandidate& candidate) const {
    if (ledger_.freed() < overdue_) return true;
    if (ledger_.freed() >= to_free_) return false;
    return !candidate.IsModel() || candidate.priority <= input_.request->priority;
  }

  // What others use as well stays for them.
  bool HelpsItsTenants(const EvictionCandidate& candidate) const {
    if (!candidate.IsModel()) return false;
    const std::vector<TenantIndex>& tenants = input_.models[candidate.index].tenants;
    return !tenants.empty() &&
           std::all_of(tenants.begin(), tenants.end(), [&](TenantIndex tenant) { return ledger_.Over(tenant) > 0; });
  }

  uint64_t TenantsOver() const {
    uint64_t over = 0;
    for (TenantIndex tenant = 0; tenant < input_.tenants.size(); ++tenant) over += ledger_.Over(tenant);
    return over;
  }

  // Later ones may have made an earlier one needless: it shares its bytes with what stays, or is small beside them. The
  // most valuable is looked at first.
  void Spare() {
    const uint64_t enough = std::min(to_free_, ledger_.freed());
    const uint64_t over = TenantsOver();
    std::vector<EvictionCandidate> gone;
    for (auto one = taken_.rbegin(); one != taken_.rend(); ++one) {
      if (!GoesAnyway(one->reason)) {
        ledger_.Return(*one);
        if (ledger_.freed() >= enough && TenantsOver() <= over) continue;
        ledger_.Evict(*one);
      }
      gone.push_back(*one);
    }
    taken_.assign(gone.rbegin(), gone.rend());
  }

  EvictionPlan Report() const {
    EvictionPlan plan;
    EvictionLedger ledger(input_);
    for (const EvictionCandidate& one : taken_) {
      const uint64_t before = ledger.freed();
      ledger.Evict(one);
      plan.evictions.push_back({.id = one.id, .reason = one.reason, .freed_bytes = ledger.freed() - before});
    }
    plan.freed_bytes = ledger.freed();
    plan.missing_bytes = Above(to_free_, plan.freed_bytes);
    for (TenantIndex tenant = 0; tenant < input_.tenants.size(); ++tenant) plan.over.push_back(ledger.Over(tenant));
    return plan;
  }

  const EvictionInput& input_;
  const uint64_t overdue_;  // bytes that have to come free even without the request
  const uint64_t to_free_;
  EvictionLedger ledger_;
  std::vector<EvictionCandidate> taken_;
};

}  // namespace

bool Fits(const EvictionPlan& plan, const RoomRequest& request) {
  return plan.missing_bytes == 0 && std::none_of(request.tenants.begin(), request.tenants.end(),
                                                 [&](TenantIndex tenant) { return plan.over[tenant] > 0; });
}

EvictionPlan PlanEviction(const EvictionInput& input) {
  EvictionPlan plan = Planner(input).Plan();
  if (!input.request || Fits(plan, *input.request)) return plan;
  // Nothing goes for what does not fit all the same.
  EvictionInput without = input;
  without.request.reset();
  EvictionPlan fallback = Planner(without).Plan();
  fallback.missing_bytes = plan.missing_bytes;
  fallback.over = plan.over;
  return fallback;
}

uint64_t BytesToFree(const EvictionPolicy& policy, const DiskState& disk, uint64_t requested) {
  const uint64_t coming = disk.reserved_bytes + requested;
  const uint64_t for_quota = policy.quota_bytes == 0 ? 0 : Above(disk.used_bytes + coming, policy.quota_bytes);
  const uint64_t for_floor = Above(coming + policy.min_available, disk.free_bytes);
  const uint64_t taken = Above(disk.total_bytes, disk.free_bytes);
  const uint64_t high = PercentOf(disk.total_bytes, policy.high_percent);
  const uint64_t low = PercentOf(disk.total_bytes, policy.low_percent);
  const bool full = policy.high_percent < 100 && taken >= high;
  return std::max({for_quota, for_floor, Above(taken + coming, full ? low : high)});
}

uint64_t ProtectedBytes(const EvictionInput& input) {
  std::vector<bool> held(input.blobs.size());
  uint64_t bytes = 0;
  for (const BlobIndex blob : input.in_transfer) held[blob] = true;
  for (const EvictionModel& model : input.models) {
    if (model.MayGo()) continue;
    bytes += model.own_bytes;
    for (const BlobIndex blob : model.blobs) held[blob] = true;
  }
  for (BlobIndex blob = 0; blob < held.size(); ++blob) bytes += held[blob] ? input.blobs[blob].allocated_bytes : 0;
  return bytes;
}

}  // namespace ballast
