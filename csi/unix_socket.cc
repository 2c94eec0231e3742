#include "csi/unix_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/errno_status.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace ballast::driver {

Result<std::string> SocketPath(const std::string& endpoint) {
  std::string_view path = endpoint;
  if (path.starts_with("unix:")) path.remove_prefix(5);
  if (path.starts_with("///")) path.remove_prefix(2);
  if (!path.starts_with('/') || path.starts_with("//")) {
    return InvalidArgument(StrCat("the endpoint ", Quoted(endpoint), " is no absolute unix socket; use unix:///path"));
  }
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return InvalidArgument(StrCat("the socket path ", Quoted(path), " has more than 107 bytes"));
  }
  return std::string(path);
}

Status SomebodyListens(const std::string& path) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (!fd.valid() || path.size() >= sizeof address.sun_path) return Internal("cannot make a socket");
  std::memcpy(address.sun_path, path.data(), path.size());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return OkStatus();
  return ErrnoStatus(errno, StrCat("unix://", path));
}

namespace {

Status MakeDirectoryOf(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  if (::mkdir(directory.c_str(), 0750) == 0 || errno == EEXIST) return OkStatus();
  return ErrnoStatus(errno, StrCat("make the socket's directory ", Quoted(directory)));
}

}  // namespace

Status ClaimSocket(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return MakeDirectoryOf(path);
  if (!S_ISSOCK(info.st_mode)) return AlreadyExists(StrCat(Quoted(path), " is there and no socket; move it away"));
  if (SomebodyListens(path).ok()) {
    return AlreadyExists(StrCat("another process listens on ", Quoted(path), " already; stop it first"));
  }
  return ::unlink(path.c_str()) == 0 ? OkStatus()
                                     : ErrnoStatus(errno, StrCat("remove the stale socket ", Quoted(path)));
}

Result<UniqueFd> LockSocket(const std::string& path) {
  RETURN_IF_ERROR(MakeDirectoryOf(path));
  const std::string file = path + ".lock";
  UniqueFd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return ErrnoStatus(errno, StrCat("open ", Quoted(file)));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return ErrnoStatus(errno, StrCat("lock ", Quoted(file)));
  return AlreadyExists(StrCat("another ballast-csi serves ", Quoted(path), " (it holds ", Quoted(file),
                              "); stop it first, or wait for its end"));
}

}  // namespace ballast::driver
