// What the apiserver knows about a pod or a claim and the caches that it names, as values: what ExplainPod() and
// ExplainClaim() (why.h) decide on.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/cache_node.h"
#include "api/model_cache.h"
#include "api/timestamp.h"
#include "base/status.h"
#include "kube/kube_client.h"

namespace ballast::cli {

inline constexpr std::string_view kDriver = "csi.ballast.dev";
inline constexpr char kUsualNamespace[] = "ballast-system";

struct EventLook {
  std::string reason;
  std::string message;
  std::optional<Timestamp> last;
};

// A cache that a volume or a claim names.
struct CacheLook {
  std::string kind;  // "ClusterModelCache", "ModelCache", "" = the volume names an inline source
  ObjectName name;
  std::optional<ModelCache> object;
  std::vector<std::string> others;  // the names that there are, where this one is not
};

struct ClaimLook {
  ObjectName name;
  bool exists = false;
  bool ours = false;    // of one of our StorageClasses, or bound to a volume of our driver
  std::string volume;   // that it is bound to; "" = none
  bool waits = false;   // for its first pod
  std::string problem;  // what it asks for that no volume of ours has, with the remedy; "" = nothing
  std::optional<Timestamp> created;
  std::optional<CacheLook> cache;
  Labels namespace_labels;
  std::vector<EventLook> events;
  std::string system_ns = kUsualNamespace;  // where Ballast is installed
};

struct VolumeLook {
  std::string name;                // in the pod
  std::optional<ClaimLook> claim;  // nullopt = inline
  std::optional<CacheLook> cache;
  std::string manifest;  // that the volume is pinned to; "" = the cache's current one
};

struct NodeLook {
  std::string name;
  bool ready = false;
  std::optional<CacheNode> cache_node;
  bool driver = false;  // registered with the kubelet
  std::string agent;    // "ballast-system/ballast-agent-default-x"; "" = no pod of ours there
  bool agent_ready = false;
  std::string agent_says;  // why it is not
};

struct PodLook {
  ObjectName name;
  std::string phase;
  std::optional<Timestamp> created;
  std::optional<Timestamp> scheduled;
  std::string unscheduled;          // what the scheduler says
  std::optional<NodeLook> node;     // nullopt: not scheduled
  std::vector<VolumeLook> volumes;  // of ours, and claims that are not bound
  Labels namespace_labels;
  std::vector<EventLook> events;
  std::string system_ns = kUsualNamespace;
};

// NotFound: no such pod or claim.
Result<PodLook> LookAtPod(KubeClient& client, const ObjectName& name, const CallLimits& limits);
Result<ClaimLook> LookAtClaim(KubeClient& client, const ObjectName& name, const CallLimits& limits);

}  // namespace ballast::cli
