#include "csi/mount/cache_mounts.h"

#include "base/strings.h"

namespace ballast::driver {

std::optional<std::string> PropagationProblem(const std::vector<MountInfo>& mounts, const std::string& dir) {
  const MountInfo* holder = MountThatHolds(mounts, dir);
  if (holder == nullptr || holder->shared) return std::nullopt;
  return StrCat(
      "the mount ", Quoted(holder->mount_point), " that holds ", Quoted(dir),
      " is not shared: volumes mounted here are seen only in this mount namespace. In a pod, set mountPropagation: "
      "Bidirectional on the kubelet's directory; on a host, nothing is needed where the kubelet runs in this same "
      "namespace, else mount --make-rshared ",
      holder->mount_point);
}

}  // namespace ballast::driver
