// Small files: read with a limit, written whole or not at all.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast {

// Whether the file, which is open, may be used.
using SmallFileCheck = std::function<Status(const struct stat&)>;

// NotFound, PermissionDenied.. where it can't be opened; InvalidArgument over `limit` bytes, or for anything but a
// regular file (symbolic links are followed); what `check` says.
Result<std::string> ReadSmallFile(const std::string& path, size_t limit, const SmallFileCheck& check = {});

// All of `content` or what was there before, also after a crash: temporary file beside it (PATH.tmp), fsync, rename,
// fsync of the folder. Nobody whom `mode` does not admit sees a byte of it.
Status ReplaceSmallFile(const std::string& path, std::string_view content, mode_t mode = 0640);
// The same; AlreadyExists where there is one.
Status CreateSmallFile(const std::string& path, std::string_view content, mode_t mode = 0640);

}  // namespace ballast
