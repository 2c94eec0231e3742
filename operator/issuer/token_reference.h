// Where the origin's token of a cache lies, and which nodes may have it. Pure.
#pragma once

#include <string>

#include "api/cache_node.h"
#include "api/model_cache.h"
#include "base/status.h"
#include "kube/json.h"
#include "kube/resource.h"

namespace ballast::controller {

// "namespace/name" is a ModelCache, "name" a ClusterModelCache. InvalidArgument: no name.
Result<ObjectName> CacheNamed(const std::string& cache);

// PermissionDenied: the node's CacheNode does not list the cache. NotFound: it lists it, as a public one.
Status CheckMayHaveToken(const CacheNode& node, const std::string& cache);

struct TokenReference {
  ObjectName secret;
  std::string key;

  friend bool operator==(const TokenReference&, const TokenReference&) = default;
};
// A ModelCache's Secret lies in its own namespace, whatever it says. NotFound: it has none.
Result<TokenReference> TokenReferenceOf(const ModelCache& cache);

// FailedPrecondition: no such key, or what it holds is no token (empty, or with spaces and control characters within).
Result<std::string> TokenOf(const Json& secret, const std::string& key);

}  // namespace ballast::controller
