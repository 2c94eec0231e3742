#include "swarm/model_shape.h"

#include <unordered_set>

#include "core/piece_map.h"

namespace ballast {

ModelShape ModelShape::Of(const Manifest& manifest) {
  ModelShape shape;
  std::unordered_set<Digest> seen;
  for (const ManifestFile& file : manifest.files()) {
    const uint64_t size = seen.insert(file.digest).second ? file.size : 0;
    const uint64_t piece = PieceSizeFor(size);
    shape.sizes.push_back(size);
    shape.digests.push_back(file.digest);
    shape.pieces.push_back(static_cast<uint32_t>((size + piece - 1) / piece));
  }
  return shape;
}

}  // namespace ballast
