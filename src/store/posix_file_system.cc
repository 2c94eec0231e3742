#include "store/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/disk_error.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace ballast {
namespace {

Status Failed(std::string_view what, const std::string& path) { return DiskError(errno, what, path); }

Result<UniqueFd> OpenFd(const std::string& path, int flags, mode_t mode = 0) {
  open_how how = {};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_NO_SYMLINKS;
  UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (fd.valid()) return fd;
  if (errno == ELOOP) {
    return InvalidArgument(StrCat("open ", path, ": a symbolic link is in the way; use the real directory's path"));
  }
  return Failed("open", path);
}

// The directory that holds `path`, opened, and the last component.
struct Place {
  UniqueFd directory;
  std::string name;
};

Result<Place> Locate(const std::string& path) {
  ASSIGN_OR_RETURN(UniqueFd directory, OpenFd(ParentPath(path), O_PATH | O_DIRECTORY));
  return Place{std::move(directory), path.substr(path.rfind('/') + 1)};
}

FileInfo ToInfo(const struct stat& st) {
  FileInfo info;
  info.type = S_ISREG(st.st_mode)   ? FileInfo::Type::kFile
              : S_ISDIR(st.st_mode) ? FileInfo::Type::kDirectory
                                    : FileInfo::Type::kOther;
  info.size = static_cast<uint64_t>(st.st_size);
  info.allocated = static_cast<uint64_t>(st.st_blocks) * 512;
  info.links = st.st_nlink;
  info.mode = st.st_mode & 07777;
  info.uid = st.st_uid;
  info.inode = st.st_ino;
  info.modified_ns = st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec;
  return info;
}

int FlagsOf(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kOpenOrCreate:
      return O_RDWR | O_CREAT;
    case OpenMode::kDirect:
      return O_WRONLY | O_DIRECT;
    case OpenMode::kReadDirect:
      return O_RDONLY | O_DIRECT;
  }
  return O_RDONLY;
}

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<size_t> Read(uint64_t offset, std::span<std::byte> into) override {
    size_t done = 0;
    while (done < into.size()) {
      const ssize_t n = ::pread(fd_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Failed("read", path_);
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

  Status Write(uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Failed("write", path_);
      bytes = bytes.subspan(static_cast<size_t>(n));
      offset += static_cast<uint64_t>(n);
    }
    return OkStatus();
  }

  Status Allocate(uint64_t size) override {
    if (size == 0) return OkStatus();
    while (::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size)) != 0) {
      if (errno == EINTR) continue;
      if (errno != EOPNOTSUPP) return Failed("allocate", path_);
      return ::ftruncate(fd_.get(), static_cast<off_t>(size)) == 0 ? OkStatus() : Failed("truncate", path_);
    }
    return OkStatus();
  }

  void StartWriteback(uint64_t offset, uint64_t size) override {
    ::sync_file_range(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE);
  }

  Status Sync() override { return ::fsync(fd_.get()) == 0 ? OkStatus() : Failed("fsync", path_); }

  Result<bool> TryLock() override {
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return Failed("lock", path_);
  }

  int descriptor() const override { return fd_.get(); }

 private:
  UniqueFd fd_;
  const std::string path_;
};

Status SyncFd(const std::string& path, int (*sync)(int), std::string_view what) {
  ASSIGN_OR_RETURN(const UniqueFd fd, OpenFd(path, O_RDONLY | O_DIRECTORY));
  return sync(fd.get()) == 0 ? OkStatus() : Failed(what, path);
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::Open(const std::string& path, OpenMode mode) {
  const int flags = FlagsOf(mode);
  ASSIGN_OR_RETURN(UniqueFd fd, OpenFd(path, flags, (flags & O_CREAT) != 0 ? 0644 : 0));
  return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(fd), path));
}

Status PosixFileSystem::MakeDirectory(const std::string& path) {
  ASSIGN_OR_RETURN(const Place place, Locate(path));
  if (::mkdirat(place.directory.get(), place.name.c_str(), 0755) != 0) return Failed("mkdir", path);
  return ::fchmodat(place.directory.get(), place.name.c_str(), 0755, 0) == 0 ? OkStatus() : Failed("chmod", path);
}

Status PosixFileSystem::Remove(const std::string& path) {
  ASSIGN_OR_RETURN(const Place place, Locate(path));
  return ::unlinkat(place.directory.get(), place.name.c_str(), 0) == 0 ? OkStatus() : Failed("remove", path);
}

Status PosixFileSystem::RemoveDirectory(const std::string& path) {
  ASSIGN_OR_RETURN(const Place place, Locate(path));
  return ::unlinkat(place.directory.get(), place.name.c_str(), AT_REMOVEDIR) == 0 ? OkStatus() : Failed("rmdir", path);
}

Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  ASSIGN_OR_RETURN(const Place source, Locate(from));
  ASSIGN_OR_RETURN(const Place target, Locate(to));
  if (::renameat(source.directory.get(), source.name.c_str(), target.directory.get(), target.name.c_str()) == 0) {
    return OkStatus();
  }
  return Failed(StrCat("rename ", from, " to"), to);
}

Status PosixFileSystem::Link(const std::string& existing, const std::string& path) {
  ASSIGN_OR_RETURN(const Place source, Locate(existing));
  ASSIGN_OR_RETURN(const Place target, Locate(path));
  if (::linkat(source.directory.get(), source.name.c_str(), target.directory.get(), target.name.c_str(), 0) == 0) {
    return OkStatus();
  }
  if (errno == EMLINK) return OutOfRange(StrCat("link ", path, ": too many links of ", existing));
  return Failed("link", path);
}

Status PosixFileSystem::SetMode(const std::string& path, uint32_t mode) {
  ASSIGN_OR_RETURN(const Place place, Locate(path));
  return ::fchmodat(place.directory.get(), place.name.c_str(), mode, 0) == 0 ? OkStatus() : Failed("chmod", path);
}

Result<FileInfo> PosixFileSystem::Stat(const std::string& path) {
  ASSIGN_OR_RETURN(const UniqueFd fd, OpenFd(path, O_PATH | O_NOFOLLOW));
  struct stat st = {};
  if (::fstat(fd.get(), &st) != 0) return Failed("stat", path);
  return ToInfo(st);
}

Result<std::vector<DirEntry>> PosixFileSystem::List(const std::string& path) {
  ASSIGN_OR_RETURN(UniqueFd fd, OpenFd(path, O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd.get()), ::closedir);
  if (directory == nullptr) return Failed("list", path);
  fd.Release();
  std::vector<DirEntry> entries;
  for (errno = 0; const dirent* entry = ::readdir(directory.get()); errno = 0) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat st = {};
    if (::fstatat(::dirfd(directory.get()), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
      entries.push_back({std::string(name), ToInfo(st)});
    } else if (errno != ENOENT) {  // removed meanwhile
      return Failed("stat", StrCat(path, "/", name));
    }
  }
  if (errno != 0) return Failed("list", path);
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Status PosixFileSystem::SyncDirectory(const std::string& path) { return SyncFd(path, ::fsync, "fsync"); }

Status PosixFileSystem::SyncAll(const std::string& path) { return SyncFd(path, ::syncfs, "syncfs"); }

Result<SpaceInfo> PosixFileSystem::Space(const std::string& path) {
  struct statvfs st = {};
  if (::statvfs(path.c_str(), &st) != 0) return Failed("statvfs", path);
  return SpaceInfo{static_cast<uint64_t>(st.f_bavail) * st.f_frsize, static_cast<uint64_t>(st.f_blocks) * st.f_frsize};
}

Result<std::string> CanonicalPath(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
  if (real == nullptr) return Failed("open", path);
  return std::string(real.get());
}

}  // namespace ballast
