#include "operator/issuer/token_reference.h"

#include <algorithm>

#include "api/object_meta.h"
#include "base/strings.h"
#include "kube/base64.h"

namespace ballast::controller {
namespace {

bool IsTokenByte(char c) { return c > ' ' && c < 0x7f; }

}  // namespace

Result<ObjectName> CacheNamed(const std::string& cache) {
  const size_t slash = cache.find('/');
  const ObjectName name{slash == std::string::npos ? "" : cache.substr(0, slash),
                        slash == std::string::npos ? cache : cache.substr(slash + 1)};
  const bool good = CheckObjectName(name.name).ok() && (slash == std::string::npos || CheckObjectName(name.ns).ok());
  return good ? Result<ObjectName>(name) : InvalidArgument(StrCat(Quoted(cache), " is no name of a cache"));
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

Result<TokenReference> TokenReferenceOf(const ModelCache& cache) {
  const auto& reference = cache.spec.source.token_secret_ref;
  if (!reference) return NotFound(StrCat("the cache ", cache.metadata.name, " has no tokenSecretRef"));
  const std::string& ns = cache.cluster_scoped ? reference->secret_namespace : cache.metadata.object_namespace;
  return TokenReference{{ns, reference->name}, reference->key};
}

Result<std::string> TokenOf(const Json& secret, const std::string& key) {
  const auto value = SecretValue(secret, key);
  if (!value.ok()) return FailedPrecondition(value.status().message());
  std::string token(Trim(*value));  // echo adds a line's end
  if (!token.empty() && std::all_of(token.begin(), token.end(), IsTokenByte)) return token;
  return FailedPrecondition(StrCat("key ", Quoted(key), " of Secret ", NameOf(secret), " holds no token"));
}

}  // namespace ballast::controller
