// The SHA-256 of each piece of the blobs that are here, for coordinators: kept from downloads, or computed when asked
// for.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "store/store.h"
#include "swarm/control.h"

namespace ballast {

// What a file of hashes holds: the hashes, then the SHA-256 of them.
std::string PieceHashesToBytes(const std::vector<Digest>& pieces);
// DataLoss: anything else, or not of a blob of `size`.
Result<std::vector<Digest>> PieceHashesFromBytes(std::string_view bytes, uint64_t size);

// Thread-safe.
class PieceHashBook final : public PieceHashSource {
 public:
  // One small file per blob in `folder`, which is made. What is there of blobs that are not is removed.
  static Result<std::unique_ptr<PieceHashBook>> Open(std::string folder, BlobStore& blobs);

  // A download proved them. What can't be kept is computed when it is asked for.
  void Keep(const Digest& blob, const std::vector<Digest>& pieces);
  // Reads the blob where they were not kept.
  Result<std::vector<Digest>> PieceHashes(const Digest& blob, std::stop_token stop) override;

 private:
  PieceHashBook(std::string folder, BlobStore& blobs) : folder_(std::move(folder)), blobs_(blobs) {}
  std::string PathOf(const Digest& blob) const { return folder_ + "/" + blob.Hex(); }
  Result<std::vector<Digest>> Compute(const Digest& blob, const std::stop_token& stop);

  const std::string folder_;
  BlobStore& blobs_;
  Mutex computing_;  // one at a time
};

}  // namespace ballast
