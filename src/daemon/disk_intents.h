// Who says what this node's disk is for.
#pragma once

#include <vector>

#include "base/clock.h"
#include "daemon/disk_view.h"
#include "daemon/model_request.h"

namespace ballast {

// Thread-safe; never blocks for long.
class DiskIntents {
 public:
  virtual ~DiskIntents() = default;
  // As of now, about what is here.
  virtual DiskIntent Now(const std::vector<StoredModel>& models) const = 0;
  // The caches that ask for just this.
  virtual std::vector<CopyOwner> OwnersOf(const ModelRequest& request) const = 0;
  // Between two rounds that nothing else calls for.
  virtual Duration Interval() const = 0;
};

}  // namespace ballast
