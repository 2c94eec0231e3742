#include "daemon/unix_socket.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/errno_status.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace ballast {
namespace {

Status MakeFolderOf(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/'));
  if (folder.empty() || ::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) return OkStatus();
  return ErrnoStatus(errno, "create the socket's folder " + folder);
}

bool SomebodyListens(const std::string& path) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno != ECONNREFUSED;
}

Result<gid_t> GroupId(const std::string& name) {
  std::vector<char> buffer(64 << 10);
  group entry{};
  group* found = nullptr;
  if (const int error = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found); error != 0) {
    return ErrnoStatus(error, "look up group " + Quoted(name));
  }
  if (found == nullptr)
    return InvalidArgument(
        StrCat("socket.group: no group ", Quoted(name), " on this machine; create it or name another"));
  return found->gr_gid;
}

}  // namespace

Status ClearSocketPath(const std::string& path) {
  RETURN_IF_ERROR(MakeFolderOf(path));
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return errno == ENOENT ? OkStatus() : ErrnoStatus(errno, "stat " + path);
  if (!S_ISSOCK(info.st_mode))
    return FailedPrecondition(StrCat(path, " is there and is no socket; remove it or set another socket.path"));
  if (SomebodyListens(path))
    return FailedPrecondition(StrCat("another program listens on ", path, "; stop it, or set another socket.path"));
  return ::unlink(path.c_str()) == 0 ? OkStatus() : ErrnoStatus(errno, "remove the socket left at " + path);
}

Status SetSocketAccess(const std::string& path, uint32_t mode, const std::string& group) {
  if (!group.empty()) {
    ASSIGN_OR_RETURN(const gid_t gid, GroupId(group));
    if (::lchown(path.c_str(), static_cast<uid_t>(-1), gid) != 0)
      return ErrnoStatus(errno, StrCat("give ", path, " to group ", group));
  }
  return ::chmod(path.c_str(), mode) == 0 ? OkStatus() : ErrnoStatus(errno, "set the mode of " + path);
}

}  // namespace ballast
