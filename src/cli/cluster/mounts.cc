#include "cli/cluster/mounts.h"

#include <optional>

#include "base/strings.h"
#include "cli/cluster/look.h"
#include "cli/cluster/resources.h"

namespace ballast::cli {
namespace {

using Claims = std::map<std::string, MountedCache>;  // by "namespace/name"

// nullopt: of an inline source, which is no cache's.
std::optional<MountedCache> NamedBy(const Json& attributes, const std::string& ns) {
  const std::string cluster = StringAt(attributes, "/clusterCache");
  const std::string local = StringAt(attributes, "/cache");
  if (cluster.empty() && local.empty()) return std::nullopt;
  return MountedCache{cluster.empty() ? StrCat(ns, "/", local) : cluster, StringAt(attributes, "/manifest")};
}

Result<Claims> LookAtClaims(KubeClient& client, const CallLimits& limits) {
  ASSIGN_OR_RETURN(const ListPage volumes, ListAll(client, kVolumes, {}, limits));
  Claims claims;
  for (const Json& volume : volumes.items) {
    if (StringAt(volume, "/spec/csi/driver") != kDriver) continue;
    const ObjectName claim{StringAt(volume, "/spec/claimRef/namespace"), StringAt(volume, "/spec/claimRef/name")};
    if (auto named = NamedBy(ChildAt(volume, "/spec/csi/volumeAttributes"), claim.ns))
      claims.emplace(claim.ToString(), *std::move(named));
  }
  return claims;
}

std::optional<MountedCache> CacheOf(const Json& volume, const std::string& ns, const Claims& claims) {
  if (StringAt(volume, "/csi/driver") == kDriver) return NamedBy(ChildAt(volume, "/csi/volumeAttributes"), ns);
  const auto claim = claims.find(StrCat(ns, "/", StringAt(volume, "/persistentVolumeClaim/claimName")));
  return claim == claims.end() ? std::nullopt : std::optional(claim->second);
}

}  // namespace

Result<MountsByNode> LookAtMounts(KubeClient& client, const CallLimits& limits) {
  ASSIGN_OR_RETURN(const Claims claims, LookAtClaims(client, limits));
  ASSIGN_OR_RETURN(const ListPage pods, ListAll(client, kPods, {}, limits));
  MountsByNode mounts;
  for (const Json& pod : pods.items) {
    const std::string node = StringAt(pod, "/spec/nodeName");
    const std::string phase = StringAt(pod, "/status/phase");
    if (node.empty() || phase == "Succeeded" || phase == "Failed") continue;
    for (const Json& volume : ChildAt(pod, "/spec/volumes")) {
      if (auto cache = CacheOf(volume, NameOf(pod).ns, claims)) mounts[node].push_back(*std::move(cache));
    }
  }
  return mounts;
}

}  // namespace ballast::cli
