// Who may connect to a unix socket.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace ballast {

// Mode and group ("" = leave it) of a socket that is there.
Status SetSocketAccess(const std::string& path, uint32_t mode, const std::string& group);

}  // namespace ballast
