// `kubectl ballast status`: caches of the cluster, or one cache node by node. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/cache_node.h"
#include "api/model_cache.h"
#include "base/status.h"
#include "kube/kube_client.h"

namespace ballast::cli {

struct CacheReport {
  std::vector<ModelCache> caches;
  std::vector<CacheNode> nodes;
  std::string only;  // "namespace/name", or name of a ClusterModelCache; "" = all caches
};

// NotFound: no cache of that name; the text offers the nearest.
Result<CacheReport> LookAtCaches(KubeClient& client, const std::string& only, const CallLimits& limits);

std::string Text(const CacheReport& report);
std::string JsonText(const CacheReport& report);

}  // namespace ballast::cli
