#include "daemon/cluster/node_entries.h"

#include <algorithm>

#include "base/logging.h"

namespace ballast {
namespace {

// Of two limits of which 0 is none.
uint64_t Stricter(uint64_t a, uint64_t b) { return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b); }

}  // namespace

Result<ModelRequest> RequestOf(const CacheEntry& entry) {
  ASSIGN_OR_RETURN(ModelRef ref, ModelRef::Parse(entry.source));
  ASSIGN_OR_RETURN(const Digest manifest, Digest::Parse(entry.manifest));
  return ModelRequest{.ref = std::move(ref),
                      .filter = entry.filter,
                      .origin = entry.origin,
                      .keep_resolution = true,
                      .manifest = manifest,
                      .domain = entry.domain};
}

std::vector<WantedModel> WantedOf(const CacheNodeSpec& spec) {
  std::vector<WantedModel> wanted;
  for (const CacheEntry& entry : spec.caches) {
    if (!entry.pinned) continue;
    Result<ModelRequest> request = RequestOf(entry);
    if (request.ok()) {
      wanted.push_back({.cache = entry.cache, .request = *std::move(request)});
    } else {
      LOG(ERROR) << Message("The CacheNode has an entry that makes no sense")
                        .With("cache", entry.cache)
                        .With("error", request.status());
    }
  }
  return wanted;
}

RoomLimits RoomOf(const RoomLimits& configured, const NodePolicy& policy) {
  return {.quota_bytes = Stricter(configured.quota_bytes, policy.quota_bytes),
          .min_available = std::max(configured.min_available, policy.min_available_bytes)};
}

TransferRates DownloadRatesOf(const TransferRates& configured, const NodePolicy& policy) {
  return {.download = Stricter(configured.download, policy.download),
          .origin = Stricter(configured.origin, policy.origin),
          .prewarm = Stricter(configured.prewarm, policy.prewarm)};
}

uint64_t UploadRateOf(uint64_t configured, const NodePolicy& policy) { return Stricter(configured, policy.upload); }

}  // namespace ballast
