#include "operator/issuer/token_right.h"

#include <algorithm>

#include "api/object_meta.h"
#include "base/strings.h"

namespace ballast::controller {

Result<ObjectName> CacheNamed(const std::string& cache) {
  const size_t slash = cache.find('/');
  const ObjectName name{slash == std::string::npos ? "" : cache.substr(0, slash),
                        slash == std::string::npos ? cache : cache.substr(slash + 1)};
  const bool good = CheckObjectName(name.name).ok() && (slash == std::string::npos || CheckObjectName(name.ns).ok());
  if (!good) return InvalidArgument(StrCat(Quoted(cache), " is no name of a cache"));
  return name;
}

Status CheckMayHaveToken(const CacheNode& node, const std::string& cache) {
  bool listed = false;
  for (const CacheEntry& entry : node.spec.caches) {
    if (entry.cache != cache) continue;
    if (!entry.domain.empty()) return OkStatus();
    listed = true;
  }
  if (listed) return NotFound(StrCat("the cache ", cache, " needs no token"));
  return PermissionDenied(StrCat("the CacheNode ", node.metadata.name, " does not list the cache ", Quoted(cache)));
}

Status CheckDomain(const CacheNode& node, const std::string& cache, const std::string& domain) {
  const auto& caches = node.spec.caches;
  const bool same = std::any_of(caches.begin(), caches.end(),
                                [&](const CacheEntry& e) { return e.cache == cache && e.domain == domain; });
  if (same) return OkStatus();
  return Unavailable(StrCat("the tokenSecretRef of the cache ", cache, " has just changed; try again"));
}

}  // namespace ballast::controller
