#include "daemon/cooling.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/logging.h"
#include "daemon/page_cache.h"

namespace ballast {

std::set<Digest> ColdBlobs(const std::vector<StoredModel>& models, const std::set<Digest>& hot, Duration idle_for) {
  std::set<Digest> cold;
  std::set<Digest> used;
  for (const StoredModel& model : models) {
    std::set<Digest>& its = hot.contains(model.id) || model.idle < idle_for ? used : cold;
    for (const ManifestFile& file : model.manifest.files()) its.insert(file.digest);
  }
  std::erase_if(cold, [&](const Digest& blob) { return used.contains(blob); });
  return cold;
}

std::set<Digest> Cooling::HotModels() {
  std::set<Digest> hot;
  for (const Lease& lease : store_.leases().List()) {
    if (lease.manifest) hot.insert(*lease.manifest);
  }
  MutexLock lock(mutex_);
  std::erase_if(warmed_, [&](const auto& one) { return clock_.Steady() - one.second >= idle_for_; });
  for (const auto& [model, at] : warmed_) hot.insert(model);
  return hot;
}

void Cooling::Step() {
  if (idle_for_ == Duration::zero()) return;
  std::set<Digest> cold = ColdBlobs(store_.models().List(), HotModels(), idle_for_);
  std::vector<Digest> fresh;
  {
    MutexLock lock(mutex_);
    std::set_difference(cold.begin(), cold.end(), cold_.begin(), cold_.end(), std::back_inserter(fresh));
    cold_ = std::move(cold);
  }
  uint64_t dropped = 0;
  for (const Digest& blob : fresh) dropped += Drop(blob);
  MutexLock lock(mutex_);
  dropped_bytes_ += dropped;
}

// Best effort: the kernel drops it, too, when it needs the memory.
uint64_t Cooling::Drop(const Digest& blob) const {
  const auto reader = store_.blobs().OpenForServing(blob);
  if (!reader.ok() || (*reader)->fd() < 0) return 0;
  const auto before = BytesInMemory((*reader)->fd(), (*reader)->size());
  if (before.ok() && *before == 0) return 0;
  const Status dropped = DropFromMemory((*reader)->fd());
  if (!dropped.ok()) LOG(WARNING) << Message("Cannot drop from memory").With("blob", blob).With("error", dropped);
  const auto after = BytesInMemory((*reader)->fd(), (*reader)->size());
  return before.ok() && after.ok() ? *before - std::min(*before, *after) : 0;
}

void Cooling::Warmed(const Digest& model) {
  MutexLock lock(mutex_);
  warmed_[model] = clock_.Steady();
}

uint64_t Cooling::dropped_bytes() const {
  MutexLock lock(mutex_);
  return dropped_bytes_;
}

}  // namespace ballast
