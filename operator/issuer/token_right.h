// Which node may have the token of which cache. Pure.
#pragma once

#include <string>

#include "api/cache_node.h"
#include "base/status.h"
#include "kube/resource.h"

namespace ballast::controller {

// "namespace/name" is a ModelCache, "name" a ClusterModelCache. InvalidArgument: no name.
Result<ObjectName> CacheNamed(const std::string& cache);

// PermissionDenied: the node's CacheNode does not list the cache. NotFound: it lists it, as a public one.
Status CheckMayHaveToken(const CacheNode& node, const std::string& cache);

// Unavailable: the CacheNode still names another token than that of `domain`, which the cache names now; what the node
// fetched would be taken for the other's.
Status CheckDomain(const CacheNode& node, const std::string& cache, const std::string& domain);

}  // namespace ballast::controller
