// Any bytes as a file of manifests. Rules: no crash; a cache that is read has a safe name and a uri without a revision,
// a policy thresholds in their order.
#include "api/manifests.h"
#include "api/testing/example.h"
#include "base/check.h"
#include "core/testing/splice.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string yaml = ballast::FuzzInput(data, size, ballast::kModelCacheExample);
  const auto manifests = ballast::ParseManifests(yaml, "f.yaml");
  if (!manifests.ok()) return 0;
  for (const ballast::PolicyManifest& manifest : manifests->policies) {
    const ballast::DiskSpec& disk = manifest.policy.spec.disk;
    BALLAST_CHECK(disk.low_threshold_percent < disk.high_threshold_percent);
  }
  for (const ballast::ModelCache& cache : manifests->caches) {
    BALLAST_CHECK(cache.metadata.name.find('/') == std::string::npos &&
                  cache.metadata.name.find("..") == std::string::npos);
    BALLAST_CHECK(cache.spec.source.uri.revision.empty());
    BALLAST_CHECK(cache.spec.source.filter.Validate().ok());
    BALLAST_CHECK(ballast::ModelRef::Parse(cache.spec.source.Ref().ToString()).value() == cache.spec.source.Ref());
  }
  return 0;
}
