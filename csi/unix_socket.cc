#include "csi/unix_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/un.h>

#include <cerrno>
#include <string_view>

#include "base/errno_status.h"
#include "base/strings.h"
#include "base/unix_listener.h"

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

Result<UniqueFd> LockSocket(const std::string& path) {
  RETURN_IF_ERROR(MakeSocketDirectory(path));
  const std::string file = path + ".lock";
  UniqueFd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return ErrnoStatus(errno, StrCat("open ", Quoted(file)));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return ErrnoStatus(errno, StrCat("lock ", Quoted(file)));
  return AlreadyExists(StrCat("another ballast-csi serves ", Quoted(path), " (it holds ", Quoted(file),
                              "); stop it first, or wait for its end"));
}

}  // namespace ballast::driver
