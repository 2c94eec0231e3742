#include "identity/pem_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/errno_status.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "identity/pem.h"

namespace ballast {
namespace {

constexpr mode_t kTooOpen = S_IRWXO | S_IWGRP;

Status CheckMode(const std::string& path, mode_t mode) {
  if ((mode & kTooOpen) == 0) return OkStatus();
  return PermissionDenied(StrCat("private key ", path, " is open to others; run: chmod go-w,o= ", path));
}

Status CheckFile(const std::string& path, const struct stat& info, Secrecy secrecy) {
  if (!S_ISREG(info.st_mode)) return InvalidArgument(path + " is no regular file");
  return secrecy == Secrecy::kPrivate ? CheckMode(path, info.st_mode) : OkStatus();
}

// One byte more than is allowed is enough to see that it is too long.
Result<std::string> ReadAll(int fd, const std::string& path) {
  std::string content(kMaxPemBytes + 1, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t n = ::read(fd, content.data() + size, content.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "read " + path);
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  if (size > kMaxPemBytes) return InvalidArgument(StrCat(path, " is larger than ", FormatBytes(kMaxPemBytes)));
  content.resize(size);
  return content;
}

Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "write " + path);
    content.remove_prefix(static_cast<size_t>(n));
  }
  return ::fsync(fd) == 0 ? OkStatus() : ErrnoStatus(errno, "fsync " + path);
}

Status WriteTemporary(const std::string& path, std::string_view content, Secrecy secrecy) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(errno, "remove " + path);
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                           secrecy == Secrecy::kPrivate ? 0600 : 0644));
  if (!fd.valid()) return ErrnoStatus(errno, "create " + path);
  return WriteAll(fd.get(), content, path);
}

Status SyncDirectoryOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const std::string directory = parent.empty() ? "." : parent;
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return ErrnoStatus(errno, "fsync " + directory);
  return OkStatus();
}

// `flags` as in renameat2.
Status Write(const std::string& path, std::string_view content, Secrecy secrecy, unsigned flags) {
  const std::string temporary = path + ".new";
  RETURN_IF_ERROR(WriteTemporary(temporary, content, secrecy));
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), flags) != 0) {
    Status failed = ErrnoStatus(errno, "create " + path);
    ::unlink(temporary.c_str());
    return failed;
  }
  return SyncDirectoryOf(path);
}

}  // namespace

Result<std::string> ReadPemFile(const std::string& path, Secrecy secrecy) {
  // Not to wait for a writer where it is a pipe.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return ErrnoStatus(errno, "open " + path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, "stat " + path);
  RETURN_IF_ERROR(CheckFile(path, info, secrecy));
  return ReadAll(fd.get(), path);
}

Status ReplacePemFile(const std::string& path, std::string_view content, Secrecy secrecy) {
  return Write(path, content, secrecy, 0);
}

Status CreatePemFile(const std::string& path, std::string_view content, Secrecy secrecy) {
  return Write(path, content, secrecy, RENAME_NOREPLACE);
}

}  // namespace ballast
