// Any bytes as a file of caches. Rules: no crash; what is read has a safe name and a uri without a revision.
#include "api/model_cache.h"
#include "api/testing/example.h"
#include "base/check.h"
#include "core/testing/splice.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string yaml = ballast::FuzzInput(data, size, ballast::kModelCacheExample);
  const auto caches = ballast::ParseModelCaches(yaml, "f.yaml");
  if (!caches.ok()) return 0;
  for (const ballast::ModelCache& cache : *caches) {
    BALLAST_CHECK(cache.metadata.name.find('/') == std::string::npos &&
                  cache.metadata.name.find("..") == std::string::npos);
    BALLAST_CHECK(cache.spec.source.uri.revision.empty());
    BALLAST_CHECK(cache.spec.source.filter.Validate().ok());
    BALLAST_CHECK(ballast::ModelRef::Parse(cache.spec.source.Ref().ToString()).value() == cache.spec.source.Ref());
  }
  return 0;
}
