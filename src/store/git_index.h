// Which blob an origin's git object id turned out to be. A file of fixed lines "<oid> <sha256>\n" that only grows; a
// line that a crash tore is no line. Losing it costs a download, never more.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/digest.h"
#include "store/file_system.h"

namespace ballast {

// Not thread-safe.
class GitIndex {
 public:
  static constexpr size_t kLineSize = 2 * GitOid::kSize + 1 + 2 * Digest::kSize + 1;

  static Result<GitIndex> Open(FileSystem& files, const std::string& path);

  std::optional<Digest> Find(const GitOid& oid) const;
  Status Add(const GitOid& oid, const Digest& digest);

 private:
  struct Hash {
    size_t operator()(const GitOid& oid) const { return std::hash<std::string_view>()(AsText(oid)); }
    static std::string_view AsText(const GitOid& oid) {
      return {reinterpret_cast<const char*>(oid.bytes().data()), GitOid::kSize};
    }
  };

  GitIndex() = default;
  void Load(std::string_view content);

  std::unique_ptr<File> file_;
  uint64_t end_ = 0;
  std::unordered_map<GitOid, Digest, Hash> digests_;
};

}  // namespace ballast
