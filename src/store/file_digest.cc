#include "store/file_digest.h"

#include <algorithm>

#include "base/strings.h"
#include "core/hasher.h"
#include "store/aligned_buffer.h"

namespace ballast {

namespace {

Result<std::unique_ptr<File>> OpenToRead(FileSystem& files, const std::string& path, ReadFrom from) {
  if (from == ReadFrom::kDisk) {
    auto direct = files.Open(path, OpenMode::kReadDirect);
    if (direct.status().code() != StatusCode::kInvalidArgument) return direct;
  }
  return files.Open(path, OpenMode::kRead);
}

}  // namespace

Result<FileDigest> DigestOf(FileSystem& files, const std::string& path, ReadFrom from, const OnRead& on_read) {
  constexpr uint64_t kReadSize = 1 << 20;
  ASSIGN_OR_RETURN(const auto file, OpenToRead(files, path, from));
  ASSIGN_OR_RETURN(const FileInfo info, files.Stat(path));
  AlignedBuffer buffer(std::min((info.size / AlignedBuffer::kAlignment + 1) * AlignedBuffer::kAlignment, kReadSize));
  Sha256Hasher hasher;
  uint64_t size = 0;
  while (true) {
    ASSIGN_OR_RETURN(const size_t count, file->Read(size, buffer.span()));
    hasher.Update(buffer.span().first(count));
    size += count;
    if (!on_read(count)) return Cancelled(StrCat("stopped reading ", path));
    if (count < buffer.span().size()) return FileDigest{hasher.Finish(), size};
  }
}

Result<FileDigest> DigestOf(FileSystem& files, const std::string& path) {
  return DigestOf(files, path, ReadFrom::kCache, [](uint64_t) { return true; });
}

Result<std::optional<std::string>> DamageOf(FileSystem& files, const std::string& path, const Digest& digest,
                                            uint64_t size, const OnRead& on_read) {
  using Damage = std::optional<std::string>;
  const auto found = DigestOf(files, path, ReadFrom::kDisk, on_read);
  if (found.status().code() == StatusCode::kNotFound) return Damage("is missing");
  if (found.status().code() == StatusCode::kDataLoss) return Damage("cannot be read: " + found.status().message());
  if (!found.ok()) return found.status();
  if (found->size < size) return Damage(StrCat("is ", size - found->size, " bytes short"));
  if (found->digest != digest) return Damage("has " + found->digest.ToString());
  return Damage();
}

}  // namespace ballast
