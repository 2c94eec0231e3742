#include "operator/resolver/resolve_request.h"

#include "base/strings.h"

namespace ballast::controller {
namespace {

constexpr size_t kWordDigits = 8;

std::string Word(const std::string& text) { return Digest::Of(text).Hex().substr(0, kWordDigits); }

std::string PatternsText(const PathFilter& filter) {
  if (filter == PathFilter{}) return "";
  return StrCat(Join(filter.include, "\n"), "\n\n", Join(filter.exclude, "\n"));
}

}  // namespace

std::optional<SecretKey> TokenOf(const ModelCache& cache) {
  const auto& ref = cache.spec.source.token_secret_ref;
  if (!ref) return std::nullopt;
  const std::string& ns = cache.cluster_scoped ? ref->secret_namespace : cache.metadata.object_namespace;
  return SecretKey{{ns, ref->name}, ref->key};
}

ResolveRequest RequestOf(const ModelCache& cache) {
  const ModelSource& source = cache.spec.source;
  return {source.Ref(), source.filter, source.origin, TokenOf(cache)};
}

std::string RequestText(const ResolveRequest& request) {
  const std::string revision = request.ref.revision.empty() ? "main" : request.ref.revision;
  const std::string patterns = PatternsText(request.filter);
  return patterns.empty() ? revision : StrCat(revision, "+", Word(patterns));
}

bool CanMove(const ResolveRequest& request) {
  switch (request.ref.scheme) {
    case OriginScheme::kHuggingFace:
      return !IsCommit(request.ref.revision);
    case OriginScheme::kFile:
      return true;
    case OriginScheme::kHttps:
      return false;
  }
  return true;
}

std::string DomainOf(const ModelCache& cache) {
  const auto token = TokenOf(cache);
  if (!token) return "";
  return StrCat(token->secret.ns, "/", Word(StrCat(token->secret.ns, "/", token->secret.name, "/", token->key)));
}

}  // namespace ballast::controller
