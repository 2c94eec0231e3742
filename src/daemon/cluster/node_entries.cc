#include "daemon/cluster/node_entries.h"

#include <algorithm>

#include "api/policy_rules.h"
#include "base/logging.h"

namespace ballast {
namespace {

CopyOwner OwnerOf(const CacheEntry& entry) {
  CopyOwner owner{.cache = entry.cache,
                  .priority = entry.priority,
                  .pinned = entry.pinned,
                  .unused_for = entry.unused_for,
                  .current = entry.current};
  const bool everybodys = std::count(entry.namespaces.begin(), entry.namespaces.end(), "*") > 0;
  if (!everybodys) owner.namespaces = entry.namespaces;
  return owner;
}

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

DiskIntent IntentOf(const CacheNodeSpec& spec, const RoomLimits& configured, bool shares_node_filesystem) {
  const NodePolicy& policy = spec.policy;
  const RoomLimits room = RoomOf(configured, policy);
  const int32_t most = shares_node_filesystem ? kSharedThreshold : 100;
  DiskIntent intent{.policy = {.quota_bytes = room.quota_bytes,
                               .min_available = room.min_available,
                               .high_percent = std::min(policy.high_threshold_percent, most),
                               .low_percent = std::min(policy.low_threshold_percent, most)},
                    .unused_for = policy.unused_for};
  for (const CacheEntry& entry : spec.caches) {
    if (const Result<Digest> id = Digest::Parse(entry.manifest); id.ok()) intent.owners[*id].push_back(OwnerOf(entry));
  }
  for (const NodeTenant& tenant : policy.tenants) intent.tenants.push_back({tenant.namespaces, tenant.quota_bytes});
  return intent;
}

std::vector<CopyOwner> OwnersOf(const CacheNodeSpec& spec, const ModelRequest& request) {
  std::vector<CopyOwner> owners;
  for (const CacheEntry& entry : spec.caches) {
    const Result<ModelRequest> own = RequestOf(entry);
    if (own.ok() && own->Key() == request.Key()) owners.push_back(OwnerOf(entry));
  }
  return owners;
}

TransferRates DownloadRatesOf(const TransferRates& configured, const NodePolicy& policy) {
  return {.download = Stricter(configured.download, policy.download),
          .origin = Stricter(configured.origin, policy.origin),
          .prewarm = Stricter(configured.prewarm, policy.prewarm)};
}

uint64_t UploadRateOf(uint64_t configured, const NodePolicy& policy) { return Stricter(configured, policy.upload); }

}  // namespace ballast
