// Unix sockets by path: does somebody listen, and may we.
#pragma once

#include <string>

#include "base/status.h"
#include "base/unique_fd.h"

namespace ballast::driver {

// The path of "unix:///path", "unix:/path" or "/path". InvalidArgument for anything else and for a path of more than
// 107 bytes.
Result<std::string> SocketPath(const std::string& endpoint);

// OK when somebody accepts connections at `path`; else why not.
Status SomebodyListens(const std::string& path);

// Makes room for a listener: makes the last directory (0750) where it is missing and removes a socket that nobody
// listens on. AlreadyExists where somebody does, and for a file that is no socket.
Status ClaimSocket(const std::string& path);

// Holds `path`.lock until it is closed (or the process ends), so that of two processes that come and go at the same
// time neither removes the other's socket. AlreadyExists where another process holds it. The directory as above.
Result<UniqueFd> LockSocket(const std::string& path);

}  // namespace ballast::driver
