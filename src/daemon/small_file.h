// Small files of the daemon: read with a limit, replaced whole or not at all.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast {

// NotFound where there is none; InvalidArgument over `limit` bytes or for anything but a regular file (symbolic links
// are followed).
Result<std::string> ReadSmallFile(const std::string& path, size_t limit);

// Temporary file beside it, fsync, rename, fsync of the folder. Mode 0640.
Status ReplaceSmallFile(const std::string& path, std::string_view content);

}  // namespace ballast
