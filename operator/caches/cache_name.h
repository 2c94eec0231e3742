// How a cache is named: "namespace/name" of a ModelCache, the name of a ClusterModelCache.
#pragma once

#include <string>

#include "api/model_cache.h"
#include "kube/resource.h"

namespace ballast::controller {

inline ObjectName ObjectNameOf(const ModelCache& cache) {
  return {cache.cluster_scoped ? "" : cache.metadata.object_namespace, cache.metadata.name};
}
inline std::string CacheNameOf(const ModelCache& cache) { return ObjectNameOf(cache).ToString(); }

// The other way round.
inline ObjectName ParseCacheName(const std::string& name) {
  const size_t slash = name.find('/');
  if (slash == std::string::npos) return {"", name};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

}  // namespace ballast::controller
