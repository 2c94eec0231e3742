// The merge patch (RFC 7386) that leads from one JSON object to another.
#pragma once

#include "kube/json.h"

namespace ballast::controller {

// `from`.merge_patch(MergeDiff(from, to)) == `to`. What is in neither stays as it is on the other side.
Json MergeDiff(const Json& from, const Json& to);

// The patch of a status, for the object as it was read and no other.
Json StatusPatch(const Json& before, const Json& after);

}  // namespace ballast::controller
