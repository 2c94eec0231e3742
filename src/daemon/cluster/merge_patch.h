// The JSON merge patch (RFC 7386) that makes one object of another. Pure.
#pragma once

#include "kube/json.h"

namespace ballast {

// What is gone becomes null; lists are replaced whole. Both are objects; null stands for an empty one.
Json MergePatchBetween(const Json& before, const Json& after);

}  // namespace ballast
