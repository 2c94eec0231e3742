// Unix sockets by their path.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/status.h"
#include "base/unique_fd.h"

namespace ballast {

// OK when somebody accepts connections at `path`; else why not: NotFound, PermissionDenied, Unavailable.
Status SomebodyListens(const std::string& path);

// Makes the last directory of `path` (0755) where it is missing.
Status MakeSocketDirectory(const std::string& path);

// Accepts connections on a thread of its own until it is destroyed, which also removes the socket's file. Where the
// process has no descriptor left, connections wait until it has one again. (gRPC's own listener stops for ever then:
// tcp_server_posix.cc of 1.51.)
class UnixListener {
 public:
  using OnConnection = std::function<void(UniqueFd)>;

  // Makes the directory of `path`, and takes the place of a socket that nobody listens on. FailedPrecondition: somebody
  // does, or it is no socket. The socket's file has `mode`, less the umask. `accepted` runs on the listener's thread,
  // with a connection that does not block.
  static Result<std::unique_ptr<UnixListener>> Start(std::string path, mode_t mode, OnConnection accepted);
  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

 private:
  UnixListener(std::string path, UniqueFd socket, OnConnection accepted);
  void Accept(const std::stop_token& stop);

  const std::string path_;
  const UniqueFd socket_;
  const OnConnection accepted_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace ballast
