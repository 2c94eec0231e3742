#include "store/blob_index.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast {

std::optional<BlobFileName> BlobFileName::Parse(std::string_view name) {
  constexpr size_t kHex = 2 * Digest::kSize;
  const auto digest = Digest::FromHex(name.substr(0, std::min(kHex, name.size())));
  if (!digest.ok()) return std::nullopt;
  if (name.size() == kHex) return BlobFileName{*digest, 0};
  uint64_t copy = 0;
  if (name[kHex] != '.' || !ParseUint64(name.substr(kHex + 1), copy) || copy == 0 || copy > UINT32_MAX) {
    return std::nullopt;
  }
  return BlobFileName{*digest, static_cast<uint32_t>(copy)};
}

void BlobIndex::Add(const Digest& digest, const BlobEntry& entry) {
  Remove(digest);
  entries_.emplace(digest, entry);
  allocated_ += entry.allocated;
}

void BlobIndex::AddFile(const BlobFileName& name, const FileInfo& info) {
  BlobEntry& entry = entries_[name.digest];
  if (name.copy == 0) entry.size = info.size;
  entry.copies = std::max(entry.copies, name.copy + 1);
  entry.allocated += info.allocated;
  allocated_ += info.allocated;
}

void BlobIndex::AddCopy(const Digest& digest, uint64_t allocated) {
  BlobEntry& entry = entries_.at(digest);
  ++entry.copies;
  entry.allocated += allocated;
  allocated_ += allocated;
}

void BlobIndex::SetDurable(const Digest& digest) { entries_.at(digest).pending = false; }

void BlobIndex::Remove(const Digest& digest) {
  const auto found = entries_.find(digest);
  if (found == entries_.end()) return;
  allocated_ -= found->second.allocated;
  entries_.erase(found);
}

std::optional<BlobEntry> BlobIndex::Find(const Digest& digest) const {
  const auto found = entries_.find(digest);
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace ballast
