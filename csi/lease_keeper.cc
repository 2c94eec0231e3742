#include "csi/lease_keeper.h"

#include <algorithm>
#include <string>

#include "base/logging.h"

namespace ballast::driver {

bool IsAbandoned(const LeaseFacts& lease) {
  if (lease.mounted) return false;
  return lease.given_up || !lease.parent_exists || lease.unused > kLeasePatience;
}

void LeaseKeeper::Touch(const LeaseKey& key) {
  MutexLock lock(mutex_);
  last_used_[key] = clock_.Steady();
  given_up_.erase(key);
}

void LeaseKeeper::GiveUp(const LeaseKey& key) {
  const Status released = cache_.Release(key);
  MutexLock lock(mutex_);
  last_used_.erase(key);
  if (released.ok()) {
    given_up_.erase(key);
    return;
  }
  given_up_.insert(key);
  LOG(WARNING) << Message("Lease is not given back yet; tried again within a minute")
                      .With("volume", key.volume_id)
                      .With("target", key.target_path)
                      .With("error", released);
}

Result<int> LeaseKeeper::Reconcile() {
  // Leases first: one that is mounted after that is found among the mounts.
  ASSIGN_OR_RETURN(const std::vector<LeaseKey> leases, cache_.ListLeases());
  ASSIGN_OR_RETURN(const std::set<std::string> mounted, MountedTargets());
  int released = 0;
  for (const LeaseKey& key : leases) released += ReleaseIfAbandoned(key, mounted) ? 1 : 0;
  Forget(leases);
  return released;
}

Result<std::set<std::string>> LeaseKeeper::MountedTargets() {
  ASSIGN_OR_RETURN(const std::vector<MountedView> views, mounter_.List());
  std::set<std::string> targets;
  for (const MountedView& view : views) targets.insert(view.target);
  return targets;
}

LeaseFacts LeaseKeeper::FactsOf(const LeaseKey& key, const std::set<std::string>& mounted) {
  LeaseFacts facts{.key = key, .mounted = mounted.contains(key.target_path)};
  const auto state = mounter_.Inspect(key.target_path);
  facts.parent_exists = !state.ok() || state->kind != TargetKind::kNoParent;
  facts.mounted = facts.mounted || (state.ok() && state->kind == TargetKind::kView);
  MutexLock lock(mutex_);
  facts.given_up = given_up_.contains(key);
  facts.unused = clock_.Steady() - last_used_.emplace(key, clock_.Steady()).first->second;
  return facts;
}

bool LeaseKeeper::ReleaseIfAbandoned(const LeaseKey& key, const std::set<std::string>& mounted) {
  // Most are not: those are never locked, so that no unpublish is told to come back because of this look.
  if (!IsAbandoned(FactsOf(key, mounted))) return false;
  const KeyLocks::Hold hold = locks_.TryLock(key.target_path);
  if (!hold) return false;  // a publish or unpublish is at it right now
  if (!IsAbandoned(FactsOf(key, mounted))) return false;
  LOG(INFO) << Message("Releasing a lease that nothing is mounted for")
                   .With("volume", key.volume_id)
                   .With("target", key.target_path);
  GiveUp(key);
  MutexLock lock(mutex_);
  return !given_up_.contains(key);
}

// What the cache no longer lists needs no memory here.
void LeaseKeeper::Forget(const std::vector<LeaseKey>& leases) {
  const std::set<LeaseKey> listed(leases.begin(), leases.end());
  MutexLock lock(mutex_);
  std::erase_if(given_up_, [&](const LeaseKey& key) { return !listed.contains(key); });
  std::erase_if(last_used_, [&](const auto& entry) { return !listed.contains(entry.first); });
}

size_t LeaseKeeper::pending() const {
  MutexLock lock(mutex_);
  return given_up_.size();
}

}  // namespace ballast::driver
