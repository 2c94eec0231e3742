// Where a download goes: the node's store, or a plain directory (`ballast pull --to DIR`).
#pragma once

#include <memory>
#include <optional>

#include "origin/origin.h"
#include "store/ingest.h"

namespace ballast {

// Thread-safe.
class Destination {
 public:
  virtual ~Destination() = default;

  // The digest of the file if its proven bytes are here already (then nothing is downloaded), else nullopt.
  virtual Result<std::optional<Digest>> Find(const RemoteFile& file) = 0;

  // Opens (or resumes: its pieces() are those already here) the download of `file`. ResourceExhausted names the
  // numbers when there is no room.
  virtual Result<std::unique_ptr<Ingest>> Open(const RemoteFile& file) = 0;

  // Takes a complete ingest: proves the whole-file digest, makes it durable as the destination promises, and visible.
  // DataLoss "expected sha256:.., got sha256:.." throws the bytes away.
  virtual Result<Digest> Commit(const RemoteFile& file, std::unique_ptr<Ingest> ingest) = 0;
};

}  // namespace ballast
