// Files of certificates and keys.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast {

// For a private key: PermissionDenied where others can read it, or more than its owner can write it. (A group may read:
// Kubernetes gives a Secret's files to the pod's fsGroup.)
enum class Secrecy { kPublic, kPrivate };

// All of a regular file of at most kMaxPemBytes; symbolic links are followed. NotFound, PermissionDenied,
// InvalidArgument name the path.
Result<std::string> ReadPemFile(const std::string& path, Secrecy secrecy);

// Temporary file beside it, fsync, rename, fsync of the directory: all of it or what was there before. Only the owner
// may read what is kPrivate, from its first byte.
Status ReplacePemFile(const std::string& path, std::string_view content, Secrecy secrecy);
// The same; AlreadyExists where there is one.
Status CreatePemFile(const std::string& path, std::string_view content, Secrecy secrecy);

}  // namespace ballast
