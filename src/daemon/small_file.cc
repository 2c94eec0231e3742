#include "daemon/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/errno_status.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace ballast {
namespace {

Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "write " + path);
    content.remove_prefix(static_cast<size_t>(n));
  }
  return ::fsync(fd) == 0 ? OkStatus() : ErrnoStatus(errno, "fsync " + path);
}

Status WriteNew(const std::string& path, std::string_view content) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd.valid()) return ErrnoStatus(errno, "create " + path);
  return WriteAll(fd.get(), content, path);
}

Status SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return ErrnoStatus(errno, "fsync " + folder);
  return OkStatus();
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path, size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return ErrnoStatus(errno, "open " + path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, "stat " + path);
  if (!S_ISREG(info.st_mode)) return InvalidArgument(path + " is not a regular file");
  std::string content;
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "read " + path);
    if (n == 0) return content;
    content.append(buffer.data(), static_cast<size_t>(n));
    if (content.size() > limit) return InvalidArgument(StrCat(path, " is larger than ", FormatBytes(limit)));
  }
}

Status ReplaceSmallFile(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp";
  RETURN_IF_ERROR(WriteNew(temporary, content));
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return ErrnoStatus(errno, StrCat("rename ", temporary, " to ", path));
  return SyncFolderOf(path);
}

}  // namespace ballast
