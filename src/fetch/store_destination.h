// The node's store as destination.
#pragma once

#include <memory>

#include "fetch/destination.h"
#include "store/store.h"

namespace ballast {

// Thread-safe.
class StoreDestination final : public Destination {
 public:
  // What of `model` is not here, in bytes.
  static uint64_t BytesToCome(const ResolvedModel& model, BlobStore& blobs);

  // Reserves room for what of `model` is not here; the room is given back with the destination. ResourceExhausted (no
  // room now) and FailedPrecondition (never) with the numbers. `model` and `blobs` outlive it.
  static Result<std::unique_ptr<StoreDestination>> Open(const ResolvedModel& model, BlobStore& blobs);

  Result<std::optional<Digest>> Find(const RemoteFile& file) override;
  Result<std::unique_ptr<Ingest>> Open(const RemoteFile& file) override;
  Result<Digest> Commit(const RemoteFile& file, std::unique_ptr<Ingest> ingest) override;

 private:
  StoreDestination(const ResolvedModel& model, BlobStore& blobs) : model_(model), blobs_(blobs) {}
  std::optional<Digest> Here(const RemoteFile& file) const;

  const ResolvedModel& model_;
  BlobStore& blobs_;
  std::unique_ptr<Reservation> room_;
};

}  // namespace ballast
