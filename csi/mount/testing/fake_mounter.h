// A mount table and a small tree of directories in memory, which follow the rules of Mounter. Thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "csi/mount/mounter.h"

namespace ballast::driver {

class FakeMounter final : public Mounter {
 public:
  // The world that tests arrange.
  void AddDirectory(const std::string& path);
  void RemoveDirectory(const std::string& path);
  void AddFile(const std::string& path);
  void AddSymlink(const std::string& path);
  void AddForeignMount(const std::string& path);
  void RemoveForeignMount(const std::string& path);
  void AddView(const std::string& view);     // in the cache
  void RemoveView(const std::string& view);  // from the cache; what is mounted stays mounted
  void SetCanIdmap(Status status);
  void FailNextMount(Status status);
  void FailNextUnmount(Status status);
  bool HasDirectory(const std::string& path) const;
  int mounts_made() const;

  Result<TargetState> Inspect(const std::string& target) override;
  Status Mount(const std::string& view, const std::string& target, bool idmapped) override;
  Status Unmount(const std::string& target) override;
  Status RemoveTarget(const std::string& target) override;
  Result<std::vector<MountedView>> List() override;
  Status CanIdmap() const override;
  Result<DiskUsage> Usage() override;

 private:
  enum class Node { kDirectory, kFile, kSymlink };
  struct Layer {
    bool foreign = false;
    MountedView view;
  };

  const Layer* Top(const std::string& target) const REQUIRES(mutex_);
  std::string FirstEntry(const std::string& directory) const REQUIRES(mutex_);
  bool SymlinkOnTheWay(const std::string& path) const REQUIRES(mutex_);
  TargetState StateOf(const std::string& target) const REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Node> nodes_ GUARDED_BY(mutex_) = {{"/", Node::kDirectory}};
  std::map<std::string, std::vector<Layer>> mounts_ GUARDED_BY(mutex_);
  std::set<std::string> views_ GUARDED_BY(mutex_);
  Status can_idmap_ GUARDED_BY(mutex_);
  Status next_mount_ GUARDED_BY(mutex_);
  Status next_unmount_ GUARDED_BY(mutex_);
  int mounts_made_ GUARDED_BY(mutex_) = 0;
};

}  // namespace ballast::driver
