// What a claim on a model may say, and its StorageClass. Pure; every text names the field and the remedy.
#pragma once

#include <string>

#include "base/status.h"
#include "operator/volumes/claim_facts.h"

namespace ballast::controller {

// The cache that the claim names, as in CacheNode ("namespace/name", or the name of a ClusterModelCache).
// InvalidArgument: none, or one that it may not name.
Result<std::string> CacheOfClaim(const ClaimFacts& claim);

// "ModelCache team/llama", "ClusterModelCache llama": for people.
std::string CacheLabel(const std::string& cache);

// Whether a model can be what the claim asks for. InvalidArgument.
Status CheckClaim(const ClaimFacts& claim);

// InvalidArgument: a parameter or mount option that nobody serves.
Status CheckStorageClass(const StorageClassFacts& storage_class);

}  // namespace ballast::controller
