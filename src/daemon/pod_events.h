// What the pods that mount volumes are told.
#pragma once

#include <string>

#include "proto/cache.pb.h"

namespace ballast {

// Thread-safe; never blocks, and may be called with locks held.
class PodEvents {
 public:
  virtual ~PodEvents() = default;
  // Its model is not here yet. Told at once, then now and then, however often this is called.
  virtual void Waiting(const cache::v1::Lease& volume, const cache::v1::Progress& progress) = 0;
  // Its volume is being mounted, with this.
  virtual void Mounted(const cache::v1::Lease& volume, const cache::v1::Ready& ready, bool asked_to_write) = 0;
  // What it has mounted is not what it should be.
  virtual void Damaged(const cache::v1::Lease& volume, const std::string& what) = 0;
};

}  // namespace ballast
