#include "base/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/disk_error.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace ballast {
namespace {

Result<std::string> ReadAll(int fd, const std::string& path, size_t limit) {
  std::string content;
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return DiskError(errno, "read", path);
    if (n == 0) return content;
    content.append(buffer.data(), static_cast<size_t>(n));
    if (content.size() > limit) return InvalidArgument(StrCat(path, " is larger than ", FormatBytes(limit)));
  }
}

Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return DiskError(errno, "write", path);
    content.remove_prefix(static_cast<size_t>(n));
  }
  return ::fsync(fd) == 0 ? OkStatus() : DiskError(errno, "fsync", path);
}

// One that a crash left behind may have another mode.
Status WriteNew(const std::string& path, std::string_view content, mode_t mode) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return DiskError(errno, "remove", path);
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd.valid()) return DiskError(errno, "create", path);
  return WriteAll(fd.get(), content, path);
}

Status SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return DiskError(errno, "fsync", folder);
  return OkStatus();
}

// `flags` as in renameat2.
Status Write(const std::string& path, std::string_view content, mode_t mode, unsigned flags) {
  const std::string temporary = path + ".tmp";
  Status written = WriteNew(temporary, content, mode);
  if (written.ok() && ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), flags) != 0)
    written = DiskError(errno, "create", path);
  if (written.ok()) return SyncFolderOf(path);
  ::unlink(temporary.c_str());
  return written;
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path, size_t limit, const SmallFileCheck& check) {
  // Not to wait for a writer where it is a pipe.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return DiskError(errno, "open", path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return DiskError(errno, "stat", path);
  if (!S_ISREG(info.st_mode)) return InvalidArgument(path + " is not a regular file");
  if (check) RETURN_IF_ERROR(check(info));
  return ReadAll(fd.get(), path, limit);
}

Status ReplaceSmallFile(const std::string& path, std::string_view content, mode_t mode) {
  return Write(path, content, mode, 0);
}

Status CreateSmallFile(const std::string& path, std::string_view content, mode_t mode) {
  return Write(path, content, mode, RENAME_NOREPLACE);
}

}  // namespace ballast
