// The file of a unix socket that a server is about to listen on.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace ballast {

// Makes the way free for a server: the folder exists, and a socket that nobody listens on any more is removed.
// FailedPrecondition: somebody listens there, or the path is something else than a socket.
Status ClearSocketPath(const std::string& path);

// Mode and group ("" = leave it) of a socket that is there.
Status SetSocketAccess(const std::string& path, uint32_t mode, const std::string& group);

}  // namespace ballast
