#include "core/mounted_view.h"

#include <string_view>

namespace ballast {
namespace {

constexpr std::string_view kDeleted = "//deleted";

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

}  // namespace ballast
