// Which mounts of the mount table are views of our cache. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "csi/mount/mounter.h"
#include "csi/mount/mountinfo.h"

namespace ballast::driver {

// The cache directory as the mount table names it.
struct CacheRoot {
  std::string device;  // "254:0"
  std::string path;    // inside that file system, without trailing slash
};

// The cache directory `dir`, which lies on `mount`.
CacheRoot RootOf(const MountInfo& mount, const std::string& dir);

// The view that `mount` shows, if it shows one of ours.
std::optional<MountedView> ViewOf(const CacheRoot& cache, const MountInfo& mount);
std::vector<MountedView> ViewsOf(const CacheRoot& cache, const std::vector<MountInfo>& mounts);

// A sentence with its remedy where a mount that is made below `dir` will not be seen outside this mount namespace; else
// nothing.
std::optional<std::string> PropagationProblem(const std::vector<MountInfo>& mounts, const std::string& dir);

}  // namespace ballast::driver
