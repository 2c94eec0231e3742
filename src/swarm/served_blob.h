// What the piece server serves: blobs that are here, wholly or so far. The store stands behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>

#include "base/clock.h"
#include "base/status.h"
#include "core/digest.h"

namespace ballast {

// Thread-safe. Stays readable while it is held, also when the blob is removed.
class ServedBlob {
 public:
  virtual ~ServedBlob() = default;
  virtual uint64_t size() const = 0;
  // Where the bytes that are here without a gap from `offset` on end: more than `offset`. Where the first of them is
  // not here it waits for it, `patience` at most. NotFound: it does not come; DeadlineExceeded: not yet; Cancelled.
  virtual Result<uint64_t> AvailableFrom(uint64_t offset, Duration patience, std::stop_token stop) = 0;
  // Bytes that AvailableFrom() said are here: exactly into.size() of them.
  virtual Status Read(uint64_t offset, std::span<std::byte> into) = 0;
  // For sendfile(2), of bytes that AvailableFrom() said are here; -1: use Read(). Belongs to the blob.
  virtual int fd() const = 0;
};

// Thread-safe.
class BlobProvider {
 public:
  virtual ~BlobProvider() = default;
  // NotFound: nothing of it is here.
  virtual Result<std::shared_ptr<ServedBlob>> Open(const Digest& digest) = 0;
};

}  // namespace ballast
