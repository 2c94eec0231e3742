#include "base/unix_listener.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/errno_status.h"
#include "base/logging.h"
#include "base/strings.h"
#include "base/thread.h"

namespace ballast {
namespace {

// Between two attempts while there is no descriptor: the connection that waits keeps poll() from waiting.
constexpr std::chrono::milliseconds kPause{20};

Result<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) {
    return InvalidArgument(StrCat("the socket path ", Quoted(path), " has more than 107 bytes"));
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  return address;
}

Status Claim(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return errno == ENOENT ? MakeSocketDirectory(path) : ErrnoStatus(errno, path);
  if (!S_ISSOCK(info.st_mode)) {
    return FailedPrecondition(StrCat(path, " is there and is no socket; move it away, or name another path"));
  }
  if (SomebodyListens(path).ok()) {
    return FailedPrecondition(StrCat("another program listens on ", path, "; stop it, or name another path"));
  }
  return ::unlink(path.c_str()) == 0 ? OkStatus() : ErrnoStatus(errno, StrCat("remove the stale socket ", path));
}

Status Bind(int socket, const std::string& path, mode_t mode) {
  ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  RETURN_IF_ERROR(Claim(path));
  // Before it has a name: Linux gives the file this mode (less the umask), so that it is never open to others.
  if (::fchmod(socket, mode) != 0 || ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket, SOMAXCONN) != 0) {
    return ErrnoStatus(errno, StrCat("listen on ", path));
  }
  return OkStatus();
}

bool IsShortage(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

Status MakeSocketDirectory(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/'));
  if (directory.empty() || ::mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) return OkStatus();
  return ErrnoStatus(errno, StrCat("make the socket's directory ", Quoted(directory)));
}

Status SomebodyListens(const std::string& path) {
  ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus(errno, "make a socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return OkStatus();
  if (errno == ECONNREFUSED) return Unavailable(ErrnoStatus(errno, StrCat("unix://", path)).message());
  return ErrnoStatus(errno, StrCat("unix://", path));
}

Result<std::unique_ptr<UnixListener>> UnixListener::Start(std::string path, mode_t mode, OnConnection accepted) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return ErrnoStatus(errno, "make a socket");
  RETURN_IF_ERROR(Bind(socket.get(), path, mode));
  return std::unique_ptr<UnixListener>(new UnixListener(std::move(path), std::move(socket), std::move(accepted)));
}

UnixListener::UnixListener(std::string path, UniqueFd socket, OnConnection accepted)
    : path_(std::move(path)),
      socket_(std::move(socket)),
      accepted_(std::move(accepted)),
      thread_(StartThread([this](const std::stop_token& stop) { Accept(stop); })) {}

UnixListener::~UnixListener() {
  thread_.request_stop();
  ::shutdown(socket_.get(), SHUT_RDWR);  // wakes poll()
  thread_.join();
  ::unlink(path_.c_str());
}

void UnixListener::Accept(const std::stop_token& stop) {
  bool short_of = false;
  while (!stop.stop_requested()) {
    pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, -1);
    UniqueFd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.valid()) {
      short_of = false;
      accepted_(std::move(connection));
    } else if (const int error = errno; IsShortage(error)) {
      if (!short_of)
        LOG(ERROR)
            << Message("Connections wait: raise the limit of open files").With("error", ErrnoStatus(error, path_));
      short_of = true;
      std::this_thread::sleep_for(kPause);
    }
  }
}

}  // namespace ballast
