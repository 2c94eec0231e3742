// What the stand-in serves: files, and the listing with the hashes that a real hub computes over them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ballast::hub {

// One file to publish.
struct File {
  std::string path;              // "sub dir/name.bin", not checked: a hub may say anything
  std::string bytes;             // the content, unless `source` is set
  std::filesystem::path source;  // or a regular file, read when asked for; may be sparse and larger than memory
  std::optional<bool> lfs;       // unset: LfsRule decides

  // Lies for tests: what listing and headers say instead of the truth (oid: sha256 of an LFS file, else git sha1).
  std::optional<std::string> claimed_oid;
  std::optional<int64_t> claimed_size;
};

// Which files go to LFS: from `threshold` bytes on, or by name.
struct LfsRule {
  uint64_t threshold = uint64_t{10} << 20;
  std::vector<std::string> globs = {"*.safetensors", "*.bin"};
};

// Immutable bytes, in memory or in a file.
struct Content {
  std::shared_ptr<const std::string> bytes;  // null: `source`
  std::filesystem::path source;
  uint64_t size = 0;
};

struct Lfs {
  std::string sha256;
  uint64_t pointer_size = 0;
};

// One line of a tree listing.
struct Entry {
  std::string path;
  bool directory = false;
  std::string oid;   // git sha1: of the file, of the LFS pointer, or of the tree
  int64_t size = 0;  // as listed
  std::optional<Lfs> lfs;
  Content content;

  // What X-Linked-Etag says: sha256 for LFS, else git sha1.
  const std::string& etag() const { return lfs ? lfs->sha256 : oid; }
};

struct Revision {
  std::string commit;          // 40 hex, a hash of repository and content
  std::vector<Entry> entries;  // files and the directories above them, sorted by path (bytes)

  const Entry* Find(std::string_view path) const;
};

// Computes all hashes (reads each file once). `repository` goes into the commit.
Result<Revision> BuildRevision(std::string_view repository, const std::vector<File>& files, const LfsRule& rule);

// Every regular file below `folder` (links to files followed), names that begin with ".hub" or are ".git" left out.
Result<std::vector<File>> ReadFolder(const std::filesystem::path& folder);

// True if `pattern` with * (any bytes, also '/') and ? matches the whole text.
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace ballast::hub
