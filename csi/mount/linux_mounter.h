// Mounter by the mount API of Linux 5.12 and later. Needs CAP_SYS_ADMIN.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "csi/mount/mounter.h"

namespace ballast::driver {

class LinuxMounter final : public Mounter {
 public:
  // Opens the cache directory and probes whether its file system can be idmapped.
  static Result<std::unique_ptr<LinuxMounter>> Open(const std::string& cache_dir);

  Result<TargetState> Inspect(const std::string& target) override;
  Status Mount(const std::string& view, const std::string& target, bool idmapped) override;
  Status Unmount(const std::string& target) override;
  Status RemoveTarget(const std::string& target) override;
  Result<std::vector<MountedView>> List() override;
  Status CanIdmap() const override { return can_idmap_; }
  Result<DiskUsage> Usage() override;

 private:
  LinuxMounter(UniqueFd cache, CacheRoot root) : cache_(std::move(cache)), root_(std::move(root)) {}

  Status ProbeIdmap();
  // A copy of the view's mount with all its attributes set, attached nowhere yet.
  Result<UniqueFd> DetachedView(const std::string& view, bool idmapped);
  Result<TargetState> ClassifyMount(uint64_t mount_id, const std::string& target);

  UniqueFd cache_;
  CacheRoot root_;
  UniqueFd unowned_ids_;
  Status can_idmap_;
};

}  // namespace ballast::driver
