#include "csi/mount/testing/fake_mounter.h"

#include <utility>

#include "base/strings.h"

namespace ballast::driver {

void FakeMounter::AddDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  for (std::string p = path; p != "/"; p = ParentOf(p)) nodes_.emplace(p, Node::kDirectory);
}

void FakeMounter::RemoveDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  nodes_.erase(path);
}

void FakeMounter::AddFile(const std::string& path) {
  AddDirectory(ParentOf(path));
  MutexLock lock(mutex_);
  nodes_[path] = Node::kFile;
}

void FakeMounter::AddSymlink(const std::string& path) {
  AddDirectory(ParentOf(path));
  MutexLock lock(mutex_);
  nodes_[path] = Node::kSymlink;
}

void FakeMounter::AddForeignMount(const std::string& path) {
  AddDirectory(path);
  MutexLock lock(mutex_);
  mounts_[path].push_back({.foreign = true, .view = {}});
}

void FakeMounter::RemoveForeignMount(const std::string& path) {
  MutexLock lock(mutex_);
  const auto found = mounts_.find(path);
  BALLAST_CHECK(found != mounts_.end() && found->second.back().foreign);
  found->second.pop_back();
  if (found->second.empty()) mounts_.erase(found);
}

void FakeMounter::AddView(const std::string& view) {
  MutexLock lock(mutex_);
  views_.insert(view);
}

void FakeMounter::RemoveView(const std::string& view) {
  MutexLock lock(mutex_);
  views_.erase(view);
}

void FakeMounter::SetCanIdmap(Status status) {
  MutexLock lock(mutex_);
  can_idmap_ = std::move(status);
}

void FakeMounter::FailNextMount(Status status) {
  MutexLock lock(mutex_);
  next_mount_ = std::move(status);
}

void FakeMounter::FailNextUnmount(Status status) {
  MutexLock lock(mutex_);
  next_unmount_ = std::move(status);
}

bool FakeMounter::HasDirectory(const std::string& path) const {
  MutexLock lock(mutex_);
  const auto found = nodes_.find(path);
  return found != nodes_.end() && found->second == Node::kDirectory;
}

int FakeMounter::mounts_made() const {
  MutexLock lock(mutex_);
  return mounts_made_;
}

const FakeMounter::Layer* FakeMounter::Top(const std::string& target) const {
  const auto found = mounts_.find(target);
  return found == mounts_.end() ? nullptr : &found->second.back();
}

std::string FakeMounter::FirstEntry(const std::string& directory) const {
  const auto next = nodes_.upper_bound(directory + "/");
  if (next == nodes_.end() || !next->first.starts_with(directory + "/")) return "";
  return std::string(Split(std::string_view(next->first).substr(directory.size() + 1), '/').front());
}

bool FakeMounter::SymlinkOnTheWay(const std::string& path) const {
  for (std::string p = path; p != "/"; p = ParentOf(p)) {
    const auto found = nodes_.find(p);
    if (found != nodes_.end() && found->second == Node::kSymlink) return true;
  }
  return false;
}

TargetState FakeMounter::StateOf(const std::string& target) const {
  if (const Layer* top = Top(target)) {
    if (top->foreign) return {.kind = TargetKind::kForeignMount, .detail = "tmpfs \"foreign\""};
    MountedView view = top->view;
    view.removed = !views_.contains(view.view);
    return {.kind = TargetKind::kView, .view = view};
  }
  if (SymlinkOnTheWay(target)) return {.kind = TargetKind::kSymlink, .detail = Quoted(target)};
  const auto parent = nodes_.find(ParentOf(target));
  if (parent == nodes_.end() || parent->second != Node::kDirectory) {
    return {.kind = TargetKind::kNoParent, .detail = Quoted(ParentOf(target))};
  }
  const auto found = nodes_.find(target);
  if (found == nodes_.end()) return {.kind = TargetKind::kMissing};
  if (found->second == Node::kFile) return {.kind = TargetKind::kNotDirectory};
  const std::string first = FirstEntry(target);
  if (first.empty()) return {.kind = TargetKind::kEmptyDirectory};
  return {.kind = TargetKind::kFullDirectory, .detail = Quoted(first)};
}

Result<TargetState> FakeMounter::Inspect(const std::string& target) {
  MutexLock lock(mutex_);
  return StateOf(target);
}

Status FakeMounter::Mount(const std::string& view, const std::string& target, bool idmapped) {
  MutexLock lock(mutex_);
  if (Status next = std::exchange(next_mount_, OkStatus()); !next.ok()) return next;
  if (!views_.contains(view)) return NotFound(StrCat("open the view ", Quoted(view), ": No such file or directory"));
  switch (StateOf(target).kind) {
    case TargetKind::kNoParent:
      return NotFound("open the parent: No such file or directory");
    case TargetKind::kSymlink:
    case TargetKind::kNotDirectory:
      return InvalidArgument("open the target: not a directory");
    default:
      break;
  }
  nodes_.emplace(target, Node::kDirectory);
  mounts_[target].push_back({.view = {.target = target, .view = view, .idmapped = idmapped}});
  ++mounts_made_;
  return OkStatus();
}

Status FakeMounter::Unmount(const std::string& target) {
  MutexLock lock(mutex_);
  if (Status next = std::exchange(next_unmount_, OkStatus()); !next.ok()) return next;
  const auto found = mounts_.find(target);
  if (found == mounts_.end() || found->second.back().foreign) return FailedPrecondition("no view is mounted there");
  found->second.pop_back();
  if (found->second.empty()) mounts_.erase(found);
  return OkStatus();
}

Status FakeMounter::RemoveTarget(const std::string& target) {
  MutexLock lock(mutex_);
  if (mounts_.contains(target)) return Unavailable("remove the directory: Device or resource busy");
  const auto found = nodes_.find(target);
  if (found == nodes_.end()) return OkStatus();
  if (found->second != Node::kDirectory || !FirstEntry(target).empty()) {
    return FailedPrecondition("remove the directory: not an empty directory");
  }
  nodes_.erase(found);
  return OkStatus();
}

Result<std::vector<MountedView>> FakeMounter::List() {
  MutexLock lock(mutex_);
  std::vector<MountedView> views;
  for (const auto& [target, layers] : mounts_) {
    for (const Layer& layer : layers) {
      if (!layer.foreign) views.push_back(layer.view);
    }
  }
  return views;
}

Status FakeMounter::CanIdmap() const {
  MutexLock lock(mutex_);
  return can_idmap_;
}

Result<DiskUsage> FakeMounter::Usage() {
  return DiskUsage{.total_bytes = 1000,
                   .available_bytes = 600,
                   .used_bytes = 400,
                   .total_inodes = 100,
                   .available_inodes = 90,
                   .used_inodes = 10};
}

}  // namespace ballast::driver
