// A stored file, read whole: what it is, and whether that is what it was.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/digest.h"
#include "store/file_system.h"
#include "store/store.h"

namespace ballast {

struct FileDigest {
  Digest digest;
  uint64_t size = 0;  // bytes
};

enum class ReadFrom { kCache, kDisk };  // kDisk: past the page cache, where the file system can

// Cancelled where `on_read` says so; DataLoss where the disk cannot read the file; NotFound.
Result<FileDigest> DigestOf(FileSystem& files, const std::string& path, ReadFrom from, const OnRead& on_read);
Result<FileDigest> DigestOf(FileSystem& files, const std::string& path);

// What is wrong with a file that should have these bytes on the disk ("is missing", "has sha256:.."); nothing where
// they are there.
Result<std::optional<std::string>> DamageOf(FileSystem& files, const std::string& path, const Digest& digest,
                                            uint64_t size, const OnRead& on_read);

}  // namespace ballast
