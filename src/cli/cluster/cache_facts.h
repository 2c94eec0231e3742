// What the status of a cache says of its revisions and of all its nodes together. Pure.
//
// How far one node is, no object says: agents write no progress to CacheNodes, and the operator adds up what it hears.
#pragma once

#include <cstdint>
#include <string>

#include "api/model_cache.h"

namespace ballast::cli {

// Bytes of that revision; 0 where the cache does not name it (any more).
uint64_t SizeOf(const ModelCache& cache, const std::string& manifest);

// "all nodes together: 40 %, 1.1 GiB/s, done about 2026-01-01T00:05:00Z"; "" where every node that shall have it does.
std::string TogetherText(const ModelCache& cache);

}  // namespace ballast::cli
