#include "daemon/unix_socket.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/errno_status.h"
#include "base/strings.h"

namespace ballast {
namespace {

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

Status SetSocketAccess(const std::string& path, uint32_t mode, const std::string& group) {
  if (!group.empty()) {
    ASSIGN_OR_RETURN(const gid_t gid, GroupId(group));
    if (::lchown(path.c_str(), static_cast<uid_t>(-1), gid) != 0)
      return ErrnoStatus(errno, StrCat("give ", path, " to group ", group));
  }
  return ::chmod(path.c_str(), mode) == 0 ? OkStatus() : ErrnoStatus(errno, "set the mode of " + path);
}

}  // namespace ballast
