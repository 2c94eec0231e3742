// What a coordinator needs of a manifest: how large each file is, and what it is called.
#pragma once

#include <cstdint>
#include <vector>

#include "core/manifest.h"

namespace ballast {

struct ModelShape {
  std::vector<uint64_t> sizes;   // by file; 0 where an earlier file has the same bytes
  std::vector<Digest> digests;   // by file
  std::vector<uint32_t> pieces;  // by file: of PieceSizeFor(sizes)

  static ModelShape Of(const Manifest& manifest);
};

}  // namespace ballast
