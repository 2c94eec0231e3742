// DIR/.ballast/files.json: what a directory of model files holds or is going to hold. `ballast pull --to` writes it, as
// do volumes that are mounted before their model is complete; `ballast wait` and `ballast verify` read it.
//
//   {"commit":"0e9e..","files":[{"modified_ns":1700000000000000000,"path":"config.json","sha256":"ab..","size":700}],
//    "boot_id":"..","model":"hf://org/name@main","state":"downloading","version":1}
//
// `version` may be absent. `state`: "downloading" (only DIR/.ballast/ready says that all is there), "complete", or
// absent (a file that is there is complete). `sha256` and `modified_ns` appear once a file is proven; entries without
// them are still to come.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "core/digest.h"
#include "core/safe_path.h"

namespace ballast {

inline constexpr std::string_view kDirectoryIndexPath = ".ballast/files.json";
inline constexpr std::string_view kDirectoryReadyPath = ".ballast/ready";
inline constexpr uint64_t kMaxDirectoryIndexBytes = 512 << 20;

struct IndexedFile {
  uint64_t size = 0;
  std::optional<Digest> sha256;
  int64_t modified_ns = 0;  // of the proven file, where the listing names its sha256

  friend bool operator==(const IndexedFile&, const IndexedFile&) = default;
};

struct DirectoryIndex {
  std::string model;    // "hf://org/name@main"; "" where unknown
  std::string commit;   // "" where there is none
  std::string state;    // "downloading", "damaged", "complete" or ""
  std::string boot_id;  // of the kernel under which files were proven that may not be on the disk yet
  std::map<SafePath, IndexedFile> files;

  std::string ToJson() const;
  // InvalidArgument; bounded in memory and depth. Keys that it doesn't know are passed over.
  static Result<DirectoryIndex> FromJson(std::string_view json);

  uint64_t TotalBytes() const;
  friend bool operator==(const DirectoryIndex&, const DirectoryIndex&) = default;
};

}  // namespace ballast
