#include "daemon/model_request.h"

#include "base/strings.h"

namespace ballast {

std::string RevisionName(const ModelRef& ref) {
  return ref.scheme == OriginScheme::kHuggingFace && ref.revision.empty() ? "main" : ref.revision;
}

std::string ModelRequest::Name() const {
  ModelRef named = ref;
  named.revision = RevisionName(ref);
  return named.ToString();
}

std::string ModelRequest::Key() const {
  std::string key = StrCat(Name(), "\norigin=", Quoted(origin), keep_resolution ? " kept" : "");
  if (manifest) key += "\nmanifest=" + manifest->Hex();
  if (!domain.empty()) key += "\ndomain=" + Quoted(domain);
  for (const std::string& pattern : filter.include) key += "\n+" + Quoted(pattern, pattern.size());
  for (const std::string& pattern : filter.exclude) key += "\n-" + Quoted(pattern, pattern.size());
  return key;
}

}  // namespace ballast
