#include "base/disk_error.h"

#include <sys/statvfs.h>

#include <cerrno>

#include "base/errno_status.h"
#include "base/strings.h"

namespace ballast {
namespace {

// Of the folder that holds `path`, which may not be there itself.
DiskLeft LeftAt(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct statvfs st = {};
  if (::statvfs(folder.c_str(), &st) != 0) return {};
  return {.bytes = static_cast<uint64_t>(st.f_bavail) * st.f_frsize, .inodes = st.f_favail, .inodes_total = st.f_files};
}

}  // namespace

std::string DiskAdvice(int error, const DiskLeft& left) {
  switch (error) {
    case ENOSPC:
      if (left.inodes == 0 && left.inodes_total > 0) {
        return StrCat("; all ", left.inodes_total, " inodes of its file system are in use (", FormatBytes(left.bytes),
                      " are free): remove files there, or make it anew with more (mkfs -N)");
      }
      return StrCat("; ", FormatBytes(left.bytes), " are free there: make room on the disk");
    case EDQUOT:
      return "; the disk quota of this user or project is used up: raise it, or remove files";
    case EROFS:
      return "; what is stored can be read, and nothing be written: remount it read-write, or, where an error of the "
             "disk made it so (see dmesg), unmount it, run fsck, and start anew";
    case EIO:
      return "; the disk itself failed: see dmesg";
    default:
      return "";
  }
}

Status DiskError(int error, std::string_view what, const std::string& path) {
  const Status plain = ErrnoStatus(error, StrCat(what, " ", path));
  return {plain.code(), plain.message() + DiskAdvice(error, error == ENOSPC ? LeftAt(path) : DiskLeft())};
}

}  // namespace ballast
