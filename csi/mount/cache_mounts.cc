#include "csi/mount/cache_mounts.h"

#include <string_view>

#include "base/strings.h"

namespace ballast::driver {
namespace {

constexpr std::string_view kDeleted = "//deleted";

bool Contains(std::string_view dir, std::string_view path) {
  return dir == "/" || path == dir || (path.starts_with(dir) && path[dir.size()] == '/');
}

}  // namespace

CacheRoot RootOf(const MountInfo& mount, const std::string& dir) {
  std::string path = mount.root == "/" ? "" : mount.root;
  path += mount.mount_point == "/" ? dir : dir.substr(mount.mount_point.size());
  return {.device = mount.device, .path = path == "/" ? "" : path};
}

std::optional<MountedView> ViewOf(const CacheRoot& cache, const MountInfo& mount) {
  const std::string views = cache.path + "/views/";
  if (mount.device != cache.device || !mount.root.starts_with(views)) return std::nullopt;
  MountedView view;
  view.target = mount.mount_point;
  view.removed = mount.root.ends_with(kDeleted);
  view.idmapped = mount.HasOption("idmapped");
  const size_t end = mount.root.size() - (view.removed ? kDeleted.size() : 0);
  view.view = mount.root.substr(cache.path.size() + 1, end - cache.path.size() - 1);
  return view;
}

std::vector<MountedView> ViewsOf(const CacheRoot& cache, const std::vector<MountInfo>& mounts) {
  std::vector<MountedView> views;
  for (const MountInfo& mount : mounts) {
    if (auto view = ViewOf(cache, mount)) views.push_back(*std::move(view));
  }
  return views;
}

std::optional<std::string> PropagationProblem(const std::vector<MountInfo>& mounts, const std::string& dir) {
  const MountInfo* holder = nullptr;  // the innermost; of stacked ones the last
  for (const MountInfo& mount : mounts) {
    if (!Contains(mount.mount_point, dir)) continue;
    if (holder == nullptr || mount.mount_point.size() >= holder->mount_point.size()) holder = &mount;
  }
  if (holder == nullptr || holder->shared) return std::nullopt;
  return StrCat(
      "the mount ", Quoted(holder->mount_point), " that holds ", Quoted(dir),
      " is not shared: volumes mounted here are seen only in this mount namespace. In a pod, set mountPropagation: "
      "Bidirectional on the kubelet's directory; on a host, nothing is needed where the kubelet runs in this same "
      "namespace, else mount --make-rshared ",
      holder->mount_point);
}

}  // namespace ballast::driver
