#include "origin/file_origin.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/errno_status.h"
#include "base/strings.h"
#include "core/manifest.h"

namespace ballast {
namespace {

constexpr uint64_t kMaxEntries = 1'000'000;
constexpr int kMaxDepth = 64;
constexpr size_t kBufferBytes = size_t{256} * 1024;

// Below `directory`, without following a link anywhere.
UniqueFd OpenBeneath(int directory, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;  // a FIFO must not hold us up
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
}

Status OpenError(int error, const std::string& path) {
  if (error == ELOOP) {
    return InvalidArgument(StrCat(Quoted(path),
                                  " is, or lies behind, a symbolic link, which is not followed: put a copy in its "
                                  "place, or exclude it"));
  }
  return ErrnoStatus(error, Quoted(path));
}

Status OpenDirectoryError(int error, const std::string& path) {
  if (error != ENOTDIR) return OpenError(error, path);
  return InvalidArgument(StrCat(Quoted(path), " is no directory; file:// names the directory that holds the files"));
}

std::string_view KindOf(mode_t mode) {
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// The part of `directory` below `root`, "." for root itself; nothing where it is not below.
std::optional<std::string> Below(std::string_view root, std::string_view directory) {
  while (root.ends_with('/')) root.remove_suffix(1);
  if (directory == root) return ".";
  if (!directory.starts_with(root) || directory[root.size()] != '/') return std::nullopt;
  return std::string(directory.substr(root.size() + 1));
}

// The modification time alone can be put back by who writes; the change time can't.
std::string VersionOf(const struct stat& info) {
  return StrCat(info.st_ino, ".", info.st_size, ".", info.st_mtim.tv_sec, ".", info.st_mtim.tv_nsec, ".",
                info.st_ctim.tv_sec, ".", info.st_ctim.tv_nsec);
}

// What git and `ballast pull` leave in a directory beside the files of the model.
bool IsKeptBeside(std::string_view name) { return name == ".git" || name == ".ballast"; }

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

}  // namespace

struct FileOrigin::Walk {
  const PathFilter& filter;
  const std::stop_token& stop;
  uint64_t entries = 0;
  int depth = 0;
  std::vector<RemoteFile> files;
  uint64_t path_bytes = 0;  // of files
};

Result<ResolvedModel> FileOrigin::Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) {
  RETURN_IF_ERROR(filter.Validate());
  ASSIGN_OR_RETURN(UniqueFd directory, OpenDirectory(ref.name));
  Walk walk{.filter = filter, .stop = stop};
  if (const Status status = WalkDirectory(walk, std::move(directory), ""); !status.ok()) {
    return status.WithContext(ref.ToString());
  }
  std::sort(walk.files.begin(), walk.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  ResolvedModel model{ref, "", std::move(walk.files)};
  RETURN_IF_ERROR(CheckListing(model.files).WithContext(ref.ToString()));
  RETURN_IF_ERROR(CheckNotEmpty(model, filter));
  return model;
}

Result<UniqueFd> FileOrigin::OpenDirectory(const std::string& directory) const {
  for (const std::string& root : roots_) {
    const auto below = Below(root, directory);
    if (!below) continue;
    const UniqueFd root_fd(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root_fd.valid()) {
      return *below == "." ? OpenDirectoryError(errno, root)
                           : ErrnoStatus(errno, StrCat("root ", Quoted(root), " of origin ", name_));
    }
    UniqueFd fd = OpenBeneath(root_fd.get(), *below, O_RDONLY | O_DIRECTORY);
    if (!fd.valid()) return OpenDirectoryError(errno, directory);
    return fd;
  }
  return PermissionDenied(StrCat(Quoted(directory), " is not below a directory that origin ", name_, " may read (",
                                 roots_.empty() ? "it has none" : Join(roots_, ", "),
                                 "); add it to the origin's roots"));
}

Status FileOrigin::WalkDirectory(Walk& walk, UniqueFd directory, const std::string& prefix) {
  const std::unique_ptr<DIR, CloseDirectory> entries(fdopendir(directory.get()));
  if (entries == nullptr) return ErrnoStatus(errno, StrCat("read directory ", Quoted(prefix)));
  const int fd = directory.Release();  // closedir closes it
  if (++walk.depth > kMaxDepth) return InvalidArgument(StrCat(Quoted(prefix), " is more than 64 directories deep"));
  errno = 0;
  while (const dirent* entry = readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") RETURN_IF_ERROR(WalkEntry(walk, fd, name, prefix));
    errno = 0;
  }
  --walk.depth;
  return errno == 0 ? OkStatus() : ErrnoStatus(errno, StrCat("read directory ", Quoted(prefix)));
}

Status FileOrigin::WalkEntry(Walk& walk, int directory, const std::string& name, const std::string& prefix) {
  if (walk.stop.stop_requested()) return Cancelled("listing was stopped");
  if (++walk.entries > kMaxEntries) return InvalidArgument("the directory holds more than 1,000,000 entries");
  if (IsKeptBeside(name)) return OkStatus();
  const std::string path = prefix + name;
  struct stat info {};
  if (fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return ErrnoStatus(errno, Quoted(path));
  if (S_ISDIR(info.st_mode)) {
    if (walk.filter.ExcludesAllBelow(path)) return OkStatus();
    UniqueFd child = OpenBeneath(directory, name, O_RDONLY | O_DIRECTORY);
    if (!child.valid()) return OpenError(errno, path);
    return WalkDirectory(walk, std::move(child), path + "/");
  }
  if (!walk.filter.Admits(path)) return OkStatus();
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument(
        StrCat(Quoted(path), " is ", KindOf(info.st_mode), ", and a model holds regular files only; exclude it"));
  }
  ASSIGN_OR_RETURN(SafePath safe, SafePath::Parse(path));
  walk.path_bytes += path.size();
  walk.files.push_back(
      {.path = std::move(safe), .size = static_cast<uint64_t>(info.st_size), .version = VersionOf(info)});
  return CheckManifestFits(walk.files.size(), walk.path_bytes);
}

Status FileOrigin::Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
                        std::stop_token stop) {
  if (range.begin > range.end || range.end > file.size) {
    return OutOfRange(StrCat("bytes ", range.begin, " to ", range.end, " of ", file.path, ", which has ", file.size));
  }
  ASSIGN_OR_RETURN(const UniqueFd directory, OpenDirectory(model.ref.name));
  const UniqueFd fd = OpenBeneath(directory.get(), file.path.str(), O_RDONLY);
  if (!fd.valid()) return OpenError(errno, StrCat(model.ref.name, "/", file.path));
  std::vector<std::byte> buffer(std::min<uint64_t>(kBufferBytes, range.size()));
  struct stat info {};
  for (uint64_t at = range.begin; at < range.end;) {
    if (stop.stop_requested()) return Cancelled(StrCat("reading ", file.path, " was stopped"));
    const size_t want = std::min<uint64_t>(buffer.size(), range.end - at);
    const ssize_t got = pread(fd.get(), buffer.data(), want, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, StrCat("read ", model.ref.name, "/", file.path));
    // After the bytes were taken and before anybody trusts them.
    if (fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, StrCat("stat ", file.path));
    if (!S_ISREG(info.st_mode)) return InvalidArgument(StrCat(file.path, " is not a regular file any more"));
    const bool proven_by_digest = file.version.empty() && file.sha256;
    if (!proven_by_digest && VersionOf(info) != file.version) {
      return FailedPrecondition(
          StrCat(file.path, " of ", model.ref.ToString(), " was written to meanwhile: try again when it is complete"));
    }
    if (got == 0) return DataLoss(StrCat(file.path, ": the file ended early"));
    RETURN_IF_ERROR(sink(std::span(buffer).first(static_cast<size_t>(got))));
    at += static_cast<uint64_t>(got);
  }
  return OkStatus();
}

}  // namespace ballast
