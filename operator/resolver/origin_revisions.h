// The configured origins as a RevisionSource: lists a revision, and reads what must be read to name its bytes.
#pragma once

#include <memory>
#include <vector>

#include "api/origin_config.h"
#include "operator/resolver/resolve_request.h"
#include "origin/origin_set.h"

namespace ballast::controller {

// A file that the origin lists without a SHA-256 is small (a hub keeps large ones in LFS): it is read once, and hashed
// as it comes. More than this together is refused.
inline constexpr uint64_t kMaxHashedBytes = uint64_t{1} << 30;

// Errors are those of Origin; FailedPrecondition over kMaxHashedBytes; DataLoss where bytes are not those of the
// listing.
Result<ResolvedRevision> ResolveAt(Origin& origin, const ResolveRequest& request, const std::stop_token& stop);

// InvalidArgument: an origin that is none. `clock` and `registry` outlive the source.
Result<RevisionSource> MakeRevisionSource(const std::vector<OriginConfig>& configs, const Clock& clock,
                                          prometheus::Registry* registry);

}  // namespace ballast::controller
