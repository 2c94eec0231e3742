#include "csi/mount/linux_mounter.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "base/errno_status.h"
#include "base/mountinfo.h"
#include "base/strings.h"
#include "csi/mount/unowned_ids.h"

namespace ballast::driver {
namespace {

constexpr uint64_t kNoSymlinks = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
constexpr uint64_t kBeneath = kNoSymlinks | RESOLVE_BENEATH;

std::string BaseOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// errno says why where the result is not valid.
UniqueFd OpenDirectory(int at, const std::string& path, uint64_t resolve, uint64_t flags = O_PATH) {
  open_how how{};
  how.flags = flags | O_DIRECTORY | O_CLOEXEC;  // no O_NOFOLLOW: it would turn ELOOP into ENOTDIR
  how.resolve = resolve;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, at, path.c_str(), &how, sizeof how)));
}

// 0 or errno.
int OpenParent(const std::string& target, UniqueFd& parent) {
  parent = OpenDirectory(AT_FDCWD, ParentOf(target), kNoSymlinks);
  return parent.valid() ? 0 : errno;
}

Status ParentStatus(int error, const std::string& target) {
  return error == 0 ? OkStatus() : ErrnoStatus(error, StrCat("open ", Quoted(ParentOf(target))));
}

Result<uint64_t> MountIdOf(const UniqueFd& fd) {
  struct statx info {};
  if (::statx(fd.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &info) != 0) return ErrnoStatus(errno, "statx");
  return info.stx_mnt_id;
}

// nullptr where the id is not there (unmounted meanwhile).
const MountInfo* FindMount(const std::vector<MountInfo>& mounts, uint64_t id) {
  const auto found = std::find_if(mounts.begin(), mounts.end(), [id](const MountInfo& m) { return m.id == id; });
  return found == mounts.end() ? nullptr : &*found;
}

// The first entry's name; "" when the directory is empty.
Result<std::string> FirstEntry(int parent, const std::string& name) {
  UniqueFd fd = OpenDirectory(parent, name, kBeneath, O_RDONLY);
  if (!fd.valid()) return ErrnoStatus(errno, StrCat("open ", Quoted(name)));
  DIR* dir = ::fdopendir(fd.get());
  if (dir == nullptr) return ErrnoStatus(errno, StrCat("read ", Quoted(name)));
  (void)fd.Release();  // closedir closes it
  std::string first;
  for (const dirent* entry = ::readdir(dir); entry != nullptr && first.empty(); entry = ::readdir(dir)) {
    const std::string_view found = entry->d_name;
    if (found != "." && found != "..") first = found;
  }
  ::closedir(dir);
  return first;
}

Result<TargetState> StateWithoutParent(int error, const std::string& target) {
  const std::string parent = Quoted(ParentOf(target));
  if (error == ELOOP) return TargetState{.kind = TargetKind::kSymlink, .detail = StrCat("a component of ", parent)};
  if (error == ENOENT || error == ENOTDIR) return TargetState{.kind = TargetKind::kNoParent, .detail = parent};
  return ParentStatus(error, target);
}

Result<TargetState> DirectoryState(const UniqueFd& parent, const std::string& name) {
  ASSIGN_OR_RETURN(std::string first, FirstEntry(parent.get(), name));
  if (first.empty()) return TargetState{.kind = TargetKind::kEmptyDirectory};
  return TargetState{.kind = TargetKind::kFullDirectory, .detail = Quoted(first)};
}

// For umount2, which takes paths only: through the open parent, so that no component can be exchanged on the way.
std::string PathThrough(const UniqueFd& parent, const std::string& name) {
  return StrCat("/proc/thread-self/fd/", parent.get(), "/", name);
}

bool IsViewName(const std::string& view) {
  const auto normalized = NormalizedTarget("/" + view);
  return view.starts_with("views/") && normalized.ok() && *normalized == "/" + view;
}

Status SetAttributes(const UniqueFd& tree, const UniqueFd* ids) {
  struct mount_attr attr {};
  attr.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  attr.propagation = MS_PRIVATE;  // not a peer of the mount that the cache lies on
  if (ids != nullptr) {
    attr.attr_set |= MOUNT_ATTR_IDMAP;
    attr.userns_fd = static_cast<uint64_t>(ids->get());
  }
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attr, sizeof attr) != 0) {
    return ErrnoStatus(errno, ids != nullptr ? "mount_setattr (idmapped)" : "mount_setattr");
  }
  return OkStatus();
}

// Makes the directory and opens it; `made` says whether it was not there.
Result<UniqueFd> OpenOrMakeTarget(const UniqueFd& parent, const std::string& target, bool& made) {
  const std::string name = BaseOf(target);
  made = ::mkdirat(parent.get(), name.c_str(), 0750) == 0;
  if (!made && errno != EEXIST) return ErrnoStatus(errno, StrCat("make the directory ", Quoted(target)));
  UniqueFd fd = OpenDirectory(parent.get(), name, kBeneath);
  if (!fd.valid()) return ErrnoStatus(errno, StrCat("open ", Quoted(target)));
  return fd;
}

}  // namespace

Result<std::unique_ptr<LinuxMounter>> LinuxMounter::Open(const std::string& cache_dir) {
  std::array<char, 4096> real{};
  if (::realpath(cache_dir.c_str(), real.data()) == nullptr) {
    return ErrnoStatus(errno, StrCat("the cache directory ", Quoted(cache_dir)));
  }
  UniqueFd cache = OpenDirectory(AT_FDCWD, real.data(), kNoSymlinks);
  if (!cache.valid()) return ErrnoStatus(errno, StrCat("the cache directory ", Quoted(cache_dir)));
  ASSIGN_OR_RETURN(const uint64_t id, MountIdOf(cache));
  ASSIGN_OR_RETURN(const std::vector<MountInfo> mounts, ReadMountInfo());
  const MountInfo* mount = FindMount(mounts, id);
  if (mount == nullptr) return Internal(StrCat("the mount of ", Quoted(cache_dir), " is not in mountinfo"));
  auto mounter = std::unique_ptr<LinuxMounter>(new LinuxMounter(std::move(cache), RootOf(*mount, real.data())));
  mounter->can_idmap_ = mounter->ProbeIdmap();
  return mounter;
}

// Really tries: maps a copy of the cache's own mount, without ro, and looks whether root may create a file through it.
Status LinuxMounter::ProbeIdmap() {
  ASSIGN_OR_RETURN(unowned_ids_, MakeUnownedIds());
  const UniqueFd tree(::open_tree(cache_.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!tree.valid()) return ErrnoStatus(errno, "open_tree");
  struct mount_attr attr {};
  attr.attr_set = MOUNT_ATTR_IDMAP;
  attr.attr_clr = MOUNT_ATTR_RDONLY;  // the cache may be mounted ro here
  attr.userns_fd = static_cast<uint64_t>(unowned_ids_.get());
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attr, sizeof attr) != 0) {
    return ErrnoStatus(errno, "the kernel or the cache's file system cannot make idmapped mounts: mount_setattr");
  }
  const UniqueFd file(::openat(tree.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.valid()) return FailedPrecondition("an idmapped mount of the cache's file system lets root write");
  if (errno != EACCES && errno != EOVERFLOW) return ErrnoStatus(errno, "probe of an idmapped mount");
  return OkStatus();
}

Result<TargetState> LinuxMounter::Inspect(const std::string& target) {
  UniqueFd parent;
  if (const int error = OpenParent(target, parent); error != 0) return StateWithoutParent(error, target);
  const std::string name = BaseOf(target);
  struct statx info {};
  if (::statx(parent.get(), name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MNT_ID, &info) != 0) {
    if (errno == ENOENT) return TargetState{.kind = TargetKind::kMissing};
    return ErrnoStatus(errno, StrCat("stat ", Quoted(target)));
  }
  if ((info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return ClassifyMount(info.stx_mnt_id, target);
  if (S_ISLNK(info.stx_mode)) return TargetState{.kind = TargetKind::kSymlink, .detail = Quoted(target)};
  if (!S_ISDIR(info.stx_mode)) return TargetState{.kind = TargetKind::kNotDirectory};
  return DirectoryState(parent, name);
}

Result<TargetState> LinuxMounter::ClassifyMount(uint64_t mount_id, const std::string& target) {
  ASSIGN_OR_RETURN(const std::vector<MountInfo> mounts, ReadMountInfo());
  const MountInfo* mount = FindMount(mounts, mount_id);
  if (mount == nullptr) return Unavailable(StrCat("the mount at ", Quoted(target), " changed meanwhile; try again"));
  if (auto view = ViewOf(root_, *mount)) {
    view->target = target;
    return TargetState{.kind = TargetKind::kView, .view = *std::move(view)};
  }
  return TargetState{.kind = TargetKind::kForeignMount,
                     .detail = StrCat(mount->fs_type, " ", Quoted(mount->source), " (its ", Quoted(mount->root), ")")};
}

Result<UniqueFd> LinuxMounter::DetachedView(const std::string& view, bool idmapped) {
  if (!IsViewName(view)) return Internal(StrCat("the cache named ", Quoted(view), ", which is no view of its views/"));
  const UniqueFd dir = OpenDirectory(cache_.get(), view, kBeneath);
  if (!dir.valid()) return ErrnoStatus(errno, StrCat("open the view ", Quoted(view)));
  UniqueFd tree(::open_tree(dir.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!tree.valid()) return ErrnoStatus(errno, StrCat("open_tree of the view ", Quoted(view)));
  RETURN_IF_ERROR(SetAttributes(tree, idmapped ? &unowned_ids_ : nullptr));
  return tree;
}

Status LinuxMounter::Mount(const std::string& view, const std::string& target, bool idmapped) {
  ASSIGN_OR_RETURN(const UniqueFd tree, DetachedView(view, idmapped));
  UniqueFd parent;
  RETURN_IF_ERROR(ParentStatus(OpenParent(target, parent), target));
  bool made = false;
  ASSIGN_OR_RETURN(const UniqueFd directory, OpenOrMakeTarget(parent, target, made));
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  if (::move_mount(tree.get(), "", directory.get(), "", flags) == 0) return OkStatus();
  Status failed = ErrnoStatus(errno, StrCat("move_mount to ", Quoted(target)));
  if (made) (void)::unlinkat(parent.get(), BaseOf(target).c_str(), AT_REMOVEDIR);
  return failed;
}

Status LinuxMounter::Unmount(const std::string& target) {
  ASSIGN_OR_RETURN(const TargetState state, Inspect(target));
  if (state.kind != TargetKind::kView) return FailedPrecondition(StrCat("no view is mounted at ", Quoted(target)));
  UniqueFd parent;
  RETURN_IF_ERROR(ParentStatus(OpenParent(target, parent), target));
  // Detached, not refused as busy: a read-only mount has nothing to flush, and who reads from it keeps what is open.
  const std::string path = PathThrough(parent, BaseOf(target));
  if (::umount2(path.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) return OkStatus();
  return ErrnoStatus(errno, StrCat("unmount ", Quoted(target)));
}

Status LinuxMounter::RemoveTarget(const std::string& target) {
  UniqueFd parent;
  const int error = OpenParent(target, parent);
  if (error == ENOENT || error == ENOTDIR) return OkStatus();
  RETURN_IF_ERROR(ParentStatus(error, target));
  if (::unlinkat(parent.get(), BaseOf(target).c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return OkStatus();
  return ErrnoStatus(errno, StrCat("remove the directory ", Quoted(target)));
}

Result<std::vector<MountedView>> LinuxMounter::List() {
  ASSIGN_OR_RETURN(const std::vector<MountInfo> mounts, ReadMountInfo());
  return ViewsOf(root_, mounts);
}

Result<DiskUsage> LinuxMounter::Usage() {
  struct statvfs fs {};
  if (::fstatvfs(cache_.get(), &fs) != 0) return ErrnoStatus(errno, "statvfs of the cache directory");
  const uint64_t unit = fs.f_frsize;
  return DiskUsage{.total_bytes = fs.f_blocks * unit,
                   .available_bytes = fs.f_bavail * unit,
                   .used_bytes = (fs.f_blocks - fs.f_bfree) * unit,
                   .total_inodes = fs.f_files,
                   .available_inodes = fs.f_favail,
                   .used_inodes = fs.f_files - fs.f_ffree};
}

}  // namespace ballast::driver
