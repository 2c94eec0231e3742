// The bytes of a blob, for others than their mounts: of one that is here, or of one that is being received.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>

#include "base/clock.h"
#include "base/status.h"

namespace ballast {

// Thread-safe. Stays readable while it is held: when the download ends, when the blob gets its name, when it is
// removed.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  virtual uint64_t size() const = 0;
  // Where the bytes that are here without a gap from `offset` on end: more than `offset`. Of a download these are whole
  // pieces that were written and journalled. Where the first of them is not here it waits for it, `patience` at most.
  // NotFound: it does not come, for the download has ended; DeadlineExceeded: not yet; Cancelled; OutOfRange: the blob
  // ends before.
  virtual Result<uint64_t> AvailableFrom(uint64_t offset, Duration patience, std::stop_token stop) = 0;
  // Bytes that AvailableFrom() said are here: exactly into.size() of them.
  virtual Status Read(uint64_t offset, std::span<std::byte> into) = 0;
  // Open for reading, for sendfile(2) of bytes that AvailableFrom() said are here; -1: use Read(). Belongs to this.
  virtual int fd() const = 0;
};

}  // namespace ballast
