// One stream: a range of a file from the source into its ingest.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "fetch/source.h"
#include "store/ingest.h"

namespace ballast {

struct RangeOutcome {
  Status status;
  bool local = false;     // the error came from the ingest, not from the source
  bool received = false;  // at least one piece was completed
};

struct RangeHooks {
  // The stream stands at this piece border, inside its range. Returns where the range ends by now: it may have become
  // shorter, never by what was delivered already. With piece_hashes: the SHA-256 of the piece that ends here; it is
  // then also called at the end of the range.
  std::function<uint64_t(uint64_t position, const std::optional<Digest>& hash)> at_border;
  // So many bytes were taken, which took so long here.
  std::function<void(uint64_t bytes, Duration took)> on_bytes;
  bool piece_hashes = false;
};

// AlreadyExists: a piece came from elsewhere meanwhile. A connection that breaks after it brought a good deal is taken
// up again at once, at the byte where it broke.
RangeOutcome ReadRange(const ResolvedModel& model, const RemoteFile& file, ByteRange range, Source& source,
                       Ingest& ingest, const RangeHooks& hooks, const Clock& clock, const std::stop_token& stop);

}  // namespace ballast
