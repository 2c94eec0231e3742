// What the node's store has, for the piece server: blobs, those that are being received too, and manifests by their
// digest.
#pragma once

#include <memory>

#include "store/store.h"
#include "swarm/served_blob.h"

namespace ballast {

// Thread-safe. `store` outlives it and what it opened.
class StoreBlobProvider final : public BlobProvider {
 public:
  explicit StoreBlobProvider(Store& store) : store_(store) {}
  Result<std::shared_ptr<ServedBlob>> Open(const Digest& digest) override;

 private:
  Store& store_;
};

}  // namespace ballast
