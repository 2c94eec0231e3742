// Which blobs are here and what they cost. Rebuilt from the directory at start: names and sizes, no content.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "core/digest.h"
#include "store/file_system.h"

namespace ballast {

struct BlobEntry {
  uint64_t size = 0;
  uint64_t allocated = 0;  // bytes on the disk, further copies included
  uint32_t copies = 1;     // more than one where the file system allowed no more links
  bool pending = false;    // proven, but not yet durable: lies in pending/
};

// "<64 hex>" or "<64 hex>.<n>"
struct BlobFileName {
  Digest digest;
  uint32_t copy = 0;

  static std::optional<BlobFileName> Parse(std::string_view name);
};

// Not thread-safe.
class BlobIndex {
 public:
  void Add(const Digest& digest, const BlobEntry& entry);
  // A file of the blob directory.
  void AddFile(const BlobFileName& name, const FileInfo& info);
  void AddCopy(const Digest& digest, uint64_t allocated);
  void SetDurable(const Digest& digest);
  void Remove(const Digest& digest);
  std::optional<BlobEntry> Find(const Digest& digest) const;
  const std::unordered_map<Digest, BlobEntry>& entries() const { return entries_; }

  uint64_t allocated() const { return allocated_; }
  size_t size() const { return entries_.size(); }

 private:
  std::unordered_map<Digest, BlobEntry> entries_;
  uint64_t allocated_ = 0;
};

}  // namespace ballast
