// The socket that the driver serves on.
#pragma once

#include <string>

#include "base/status.h"
#include "base/unique_fd.h"

namespace ballast::driver {

// The path of "unix:///path", "unix:/path" or "/path". InvalidArgument for anything else and for a path of more than
// 107 bytes.
Result<std::string> SocketPath(const std::string& endpoint);

// Holds `path`.lock until it is closed (or the process ends), so that of two processes that come and go at the same
// time neither removes the other's socket. AlreadyExists where another process holds it. Makes the
// last directory where it is missing.
Result<UniqueFd> LockSocket(const std::string& path);

}  // namespace ballast::driver
