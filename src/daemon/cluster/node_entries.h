// What a CacheNode's spec means for this daemon. Pure.
#pragma once

#include <vector>

#include "api/cache_node.h"
#include "base/status.h"
#include "daemon/disk_view.h"
#include "daemon/model_manager.h"
#include "daemon/model_request.h"
#include "daemon/rate_limit.h"
#include "kube/resource.h"
#include "store/store.h"

namespace ballast {

inline const KubeResource kCacheNodes{"ballast.dev", "v1alpha1", "cachenodes", false};

// InvalidArgument: a source or manifest that is none.
Result<ModelRequest> RequestOf(const CacheEntry& entry);

// The pinned ones; an entry that can't be understood is left out.
std::vector<WantedModel> WantedOf(const CacheNodeSpec& spec);

// The stricter of what the configuration and the policy say.
RoomLimits RoomOf(const RoomLimits& configured, const NodePolicy& policy);
// On the file system of the kubelet's own files the thresholds are at most kSharedThreshold.
DiskIntent IntentOf(const CacheNodeSpec& spec, const RoomLimits& configured, bool shares_node_filesystem);
// The caches that ask for just this.
std::vector<CopyOwner> OwnersOf(const CacheNodeSpec& spec, const ModelRequest& request);
TransferRates DownloadRatesOf(const TransferRates& configured, const NodePolicy& policy);
uint64_t UploadRateOf(uint64_t configured, const NodePolicy& policy);

}  // namespace ballast
