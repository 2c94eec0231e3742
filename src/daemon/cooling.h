// Models that nobody has used for a while leave memory, so that it is there for those that somebody does use. Their
// files stay on the disk.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/store.h"

namespace ballast {

// Blobs all of whose models have been idle for so long, and are none of `hot`.
std::set<Digest> ColdBlobs(const std::vector<StoredModel>& models, const std::set<Digest>& hot, Duration idle_for);

// Thread-safe.
class Cooling {
 public:
  // What is given outlives it. `idle_for` zero: nothing is ever dropped.
  Cooling(Store& store, Duration idle_for, const Clock& clock) : store_(store), idle_for_(idle_for), clock_(clock) {}

  // Drops what has become cold since the last step: once, since what is read of it later has its reason.
  void Step();
  // It was read ahead: as if it was used now.
  void Warmed(const Digest& model);

  uint64_t dropped_bytes() const;

 private:
  std::set<Digest> HotModels();
  uint64_t Drop(const Digest& blob) const;

  Store& store_;
  const Duration idle_for_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::set<Digest> cold_ GUARDED_BY(mutex_);
  std::map<Digest, SteadyTime> warmed_ GUARDED_BY(mutex_);
  uint64_t dropped_bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace ballast
