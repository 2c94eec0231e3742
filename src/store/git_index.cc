#include "store/git_index.h"

namespace ballast {

Result<GitIndex> GitIndex::Open(FileSystem& files, const std::string& path) {
  constexpr uint64_t kLimit = uint64_t{1} << 30;
  GitIndex index;
  ASSIGN_OR_RETURN(index.file_, files.Open(path, OpenMode::kOpenOrCreate));
  ASSIGN_OR_RETURN(const std::string content, ReadSmallFile(files, path, kLimit));
  index.Load(content);
  return index;
}

void GitIndex::Load(std::string_view content) {
  for (; content.size() >= kLineSize; content.remove_prefix(kLineSize), end_ += kLineSize) {
    const auto oid = GitOid::FromHex(content.substr(0, 2 * GitOid::kSize));
    const auto digest = Digest::FromHex(content.substr(2 * GitOid::kSize + 1, 2 * Digest::kSize));
    if (oid.ok() && digest.ok()) digests_.insert_or_assign(*oid, *digest);
  }
}

std::optional<Digest> GitIndex::Find(const GitOid& oid) const {
  const auto found = digests_.find(oid);
  return found == digests_.end() ? std::nullopt : std::optional(found->second);
}

Status GitIndex::Add(const GitOid& oid, const Digest& digest) {
  if (Find(oid) == digest) return OkStatus();
  const std::string line = oid.Hex() + " " + digest.Hex() + "\n";
  RETURN_IF_ERROR(file_->Write(end_, std::as_bytes(std::span(line))));
  end_ += kLineSize;
  digests_.insert_or_assign(oid, digest);
  return OkStatus();
}

}  // namespace ballast
