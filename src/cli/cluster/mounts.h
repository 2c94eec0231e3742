// Which caches pods have mounted, as far as the apiserver knows: by their volumes and those of their claims.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "kube/kube_client.h"

namespace ballast::cli {

struct MountedCache {
  std::string cache;     // as CacheNodes name it
  std::string manifest;  // "" = not known: any of its revisions

  friend bool operator==(const MountedCache&, const MountedCache&) = default;
};

using MountsByNode = std::map<std::string, std::vector<MountedCache>>;

Result<MountsByNode> LookAtMounts(KubeClient& client, const CallLimits& limits);

}  // namespace ballast::cli
