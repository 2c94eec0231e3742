// Which mounts of a mount table are views of a cache. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/mountinfo.h"

namespace ballast {

// A view of a cache, mounted.
struct MountedView {
  std::string target;
  std::string view;       // relative to the cache directory: "views/<id>/data"
  bool removed = false;   // the view was unlinked from the cache while it was mounted
  bool idmapped = false;  // stays read-only even where it is remounted rw

  friend auto operator<=>(const MountedView&, const MountedView&) = default;
};

// The cache directory as the mount table names it.
struct CacheRoot {
  std::string device;  // "254:0"
  std::string path;    // inside that file system, without trailing slash
};

// The cache directory `dir`, which lies on `mount`.
CacheRoot RootOf(const MountInfo& mount, const std::string& dir);

// The view that `mount` shows, if it shows one of the cache.
std::optional<MountedView> ViewOf(const CacheRoot& cache, const MountInfo& mount);
std::vector<MountedView> ViewsOf(const CacheRoot& cache, const std::vector<MountInfo>& mounts);

}  // namespace ballast
