// A model revision as content: which paths, which bytes. And beside it, outside its identity, what the origin said.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/digest.h"
#include "core/safe_path.h"

namespace ballast {

inline constexpr size_t kMaxManifestFiles = 1'000'000;
// Of a manifest or an origin record: enough for kMaxManifestFiles of 150 bytes of path.
inline constexpr size_t kMaxManifestBytes = size_t{256} << 20;

// InvalidArgument where a manifest of `files` whose paths have `path_bytes` together could not be read back: more than
// kMaxManifestFiles or kMaxManifestBytes. For whoever collects a listing: before it grows, not when all is fetched.
Status CheckManifestFits(size_t files, uint64_t path_bytes);

struct ManifestFile {
  SafePath path;
  Digest digest;
  uint64_t size = 0;

  friend auto operator<=>(const ManifestFile&, const ManifestFile&) = default;
};

// Sorted by path; the paths form a valid set (CheckPathSet). Two revisions with the same files are one manifest.
class Manifest {
 public:
  // Sorts. InvalidArgument: a bad path set, a file over kMaxFileSize, a sum of sizes over 2^63 - 1, two sizes for one
  // digest, what CheckManifestFits refuses.
  static Result<Manifest> Make(std::vector<ManifestFile> files);
  // Reads exactly what Canonical() writes: Parse(text)->Canonical() == text. Any deviation, of order or spacing too, is
  // InvalidArgument with the byte where it begins. Memory is bounded by the text's, depth does not occur.
  static Result<Manifest> Parse(std::string_view json);

  // The one spelling that is hashed: {"files":[{"path":..,"sha256":..,"size":..},...],"version":1} without spaces.
  std::string Canonical() const;
  // SHA-256 of Canonical(): the identity of this model revision.
  Digest Id() const;

  const std::vector<ManifestFile>& files() const { return files_; }
  uint64_t TotalBytes() const;
  bool Holds(const Digest& blob) const;

  friend bool operator==(const Manifest&, const Manifest&) = default;

 private:
  explicit Manifest(std::vector<ManifestFile> files) : files_(std::move(files)) {}
  std::vector<ManifestFile> files_;
};

// What the origin said of one file (hub: git oid, LFS pointer size).
struct OriginFileInfo {
  std::optional<GitOid> git_oid;             // of a plain file's bytes, or of the LFS pointer
  std::optional<uint64_t> lfs_pointer_size;  // set: the file is kept in LFS

  friend bool operator==(const OriginFileInfo&, const OriginFileInfo&) = default;
};

// What the origin said of a revision: what the `hf` layouts and `status` answer from. Not part of the identity.
struct OriginRecord {
  std::string uri;                              // ModelRef::Uri()
  std::string commit;                           // hub: 40 hex; "" where the origin has none
  std::vector<std::string> revisions;           // names that led here ("main"), sorted, no duplicates
  std::map<std::string, OriginFileInfo> files;  // by path (a SafePath)
  int64_t resolved_unix_seconds = 0;

  // JSON object, keys sorted.
  std::string ToJson() const;
  // What ToJson() writes, in any order and spacing. InvalidArgument for anything else: an unknown, missing or repeated
  // key, a name that is not safe, a value of another type. Bounded in memory and depth.
  static Result<OriginRecord> FromJson(std::string_view json);

  friend bool operator==(const OriginRecord&, const OriginRecord&) = default;
};

}  // namespace ballast
