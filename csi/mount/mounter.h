// Where ballast-csi touches the node's mount table. Everything that decides stands elsewhere (publish_plan.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/mounted_view.h"

namespace ballast::driver {

// What is at a target path, without following a symbolic link anywhere on it.
enum class TargetKind {
  kMissing,   // its parent is there
  kNoParent,  // the directory that should hold it is missing, or is no directory
  kEmptyDirectory,
  kFullDirectory,  // detail: one entry's name
  kNotDirectory,
  kSymlink,       // it, or a component on the way
  kView,          // a view of our cache is mounted there (topmost)
  kForeignMount,  // detail: what is mounted there
};

struct TargetState {
  TargetKind kind = TargetKind::kMissing;
  MountedView view;    // kView
  std::string detail;  // for people
};

struct DiskUsage {
  uint64_t total_bytes = 0;
  uint64_t available_bytes = 0;  // to an unprivileged process
  uint64_t used_bytes = 0;
  uint64_t total_inodes = 0;
  uint64_t available_inodes = 0;
  uint64_t used_inodes = 0;
};

// Targets are absolute, without empty, "." and ".." components (NormalizedTarget). Thread-safe; two calls for one
// target at the same time are the caller's to prevent.
class Mounter {
 public:
  virtual ~Mounter() = default;

  virtual Result<TargetState> Inspect(const std::string& target) = 0;

  // Mounts `view` of the cache at `target`, ro,nosuid,nodev and, if `idmapped`, with owners that nobody can be. Makes
  // the target's directory when it is missing, and removes it again when the mount fails. NotFound: no such view.
  virtual Status Mount(const std::string& view, const std::string& target, bool idmapped) = 0;

  // Detaches the topmost mount of `target`, which must be a view of ours; who still reads from it may go on.
  virtual Status Unmount(const std::string& target) = 0;

  // Removes the empty directory. OK when it is missing. Never anything inside it.
  virtual Status RemoveTarget(const std::string& target) = 0;

  // Every view of ours that is mounted anywhere in this mount namespace.
  virtual Result<std::vector<MountedView>> List() = 0;

  // OK, or why this kernel and the cache's file system can't make idmapped mounts.
  virtual Status CanIdmap() const = 0;

  // Of the cache's file system.
  virtual Result<DiskUsage> Usage() = 0;
};

// The one spelling of an absolute path: no doubled or trailing slash, no ".". InvalidArgument for a relative path,
// "..", NUL,
// "/" and more than 4,095 bytes.
Result<std::string> NormalizedTarget(const std::string& path);

// "/a/b" of "/a/b/c".
std::string ParentOf(const std::string& normalized);

}  // namespace ballast::driver
