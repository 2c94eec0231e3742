#include "core/eviction_ledger.h"

#include <algorithm>
#include <tuple>

namespace ballast {
namespace {

EvictionReason ReasonOf(const EvictionModel& model) {
  if (model.unused_for && model.idle > *model.unused_for) return EvictionReason::kExpired;
  if (model.surplus) return EvictionReason::kSurplus;
  if (!model.priority) return EvictionReason::kReleased;
  return model.superseded ? EvictionReason::kSuperseded : EvictionReason::kLeastRecentlyUsed;
}

}  // namespace

bool operator<(const EvictionCandidate& a, const EvictionCandidate& b) {
  return std::tie(a.reason, a.priority, a.last_use, a.id) < std::tie(b.reason, b.priority, b.last_use, b.id);
}

EvictionLedger::EvictionLedger(const EvictionInput& input) : input_(input), tenants_(input.tenants.size()) {
  all_.of_blob.resize(input.blobs.size());
  for (Users& users : tenants_) users.of_blob.resize(input.blobs.size());
  for (const BlobIndex blob : input.in_transfer) Add(all_, blob);
  for (const EvictionModel& model : input.models) AddModel(model);
  if (!input.request) return;
  for (const TenantIndex tenant : input.request->tenants) tenants_[tenant].bytes += input.request->bytes;
}

std::vector<EvictionCandidate> EvictionLedger::Candidates() const {
  std::vector<EvictionCandidate> all;
  for (BlobIndex blob = 0; blob < input_.blobs.size(); ++blob) {
    if (all_.of_blob[blob] > 0) continue;
    all.push_back({.reason = EvictionReason::kOrphaned, .id = input_.blobs[blob].digest, .index = blob});
  }
  for (uint32_t i = 0; i < input_.models.size(); ++i) {
    const EvictionModel& model = input_.models[i];
    if (!model.MayGo()) continue;
    all.push_back({.reason = ReasonOf(model),
                   .priority = model.priority.value_or(INT32_MIN),
                   .last_use = model.last_use,
                   .id = model.id,
                   .index = i});
  }
  std::sort(all.begin(), all.end());
  return all;
}

void EvictionLedger::Evict(const EvictionCandidate& candidate) {
  if (!candidate.IsModel()) {
    freed_ += input_.blobs[candidate.index].allocated_bytes;
    return;
  }
  const EvictionModel& model = input_.models[candidate.index];
  const uint64_t before = all_.bytes;
  DropModel(model);
  freed_ += model.own_bytes + before - all_.bytes;
}

void EvictionLedger::Return(const EvictionCandidate& candidate) {
  if (!candidate.IsModel()) {
    freed_ -= input_.blobs[candidate.index].allocated_bytes;
    return;
  }
  const EvictionModel& model = input_.models[candidate.index];
  const uint64_t before = all_.bytes;
  AddModel(model);
  freed_ -= model.own_bytes + all_.bytes - before;
}

uint64_t EvictionLedger::Over(TenantIndex tenant) const {
  const uint64_t quota = input_.tenants[tenant].quota_bytes;
  const uint64_t bytes = tenants_[tenant].bytes;
  return quota > 0 && bytes > quota ? bytes - quota : 0;
}

bool EvictionLedger::AnyOver(std::span<const TenantIndex> tenants) const {
  return std::any_of(tenants.begin(), tenants.end(), [&](TenantIndex tenant) { return Over(tenant) > 0; });
}

void EvictionLedger::Add(Users& users, BlobIndex blob) const {
  if (users.of_blob[blob]++ == 0) users.bytes += input_.blobs[blob].allocated_bytes;
}

void EvictionLedger::Drop(Users& users, BlobIndex blob) const {
  if (--users.of_blob[blob] == 0) users.bytes -= input_.blobs[blob].allocated_bytes;
}

void EvictionLedger::AddModel(const EvictionModel& model) {
  for (const BlobIndex blob : model.blobs) Add(all_, blob);
  for (const TenantIndex tenant : model.tenants) {
    for (const BlobIndex blob : model.blobs) Add(tenants_[tenant], blob);
  }
}

void EvictionLedger::DropModel(const EvictionModel& model) {
  for (const BlobIndex blob : model.blobs) Drop(all_, blob);
  for (const TenantIndex tenant : model.tenants) {
    for (const BlobIndex blob : model.blobs) Drop(tenants_[tenant], blob);
  }
}

}  // namespace ballast
