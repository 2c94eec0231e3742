// The hashes of git and git-lfs, lower-case hex.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast::hub {

std::string Sha1(std::string_view bytes);
std::string Sha256(std::string_view bytes);
Result<std::string> Sha256OfFile(const std::filesystem::path& file);

// sha1("<type> <size>\0" + bytes), as `git hash-object -t type`.
std::string GitSha1(std::string_view type, std::string_view bytes);
Result<std::string> GitBlobSha1OfFile(const std::filesystem::path& file, uint64_t size);

// The pointer file that git holds in place of an LFS file (git-lfs specification v1).
std::string LfsPointer(std::string_view sha256, uint64_t size);

// The bytes of lower-case hex digits, for git tree objects; something of the same length for what is not hex.
std::string HexDecode(std::string_view hex);

}  // namespace ballast::hub
