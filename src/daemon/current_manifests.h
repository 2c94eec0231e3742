// The manifests that are in effect.
#pragma once

#include <memory>
#include <utility>

#include "base/mutex.h"
#include "daemon/manifest_folder.h"

namespace ballast {

// Thread-safe.
class CurrentManifests {
 public:
  void Set(ManifestSet set) {
    MutexLock lock(mutex_);
    set_ = std::make_shared<const ManifestSet>(std::move(set));
  }
  std::shared_ptr<const ManifestSet> Get() const {
    MutexLock lock(mutex_);
    return set_;
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const ManifestSet> set_ GUARDED_BY(mutex_) = std::make_shared<const ManifestSet>();
};

}  // namespace ballast
