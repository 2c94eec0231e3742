// What the operator reads of objects that are not ours: as much of a Node, a Namespace or a PersistentVolume as its
// decisions need, as values. A cluster's Nodes as JSON would take hundreds of megabytes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/field_reader.h"
#include "api/object_meta.h"
#include "api/timestamp.h"
#include "kube/resource.h"

namespace ballast::controller {

inline const KubeResource kModelCaches{"ballast.dev", "v1alpha1", "modelcaches", true};
inline const KubeResource kClusterModelCaches{"ballast.dev", "v1alpha1", "clustermodelcaches", false};
inline const KubeResource kCachePolicies{"ballast.dev", "v1alpha1", "cachepolicies", false};
inline const KubeResource kCacheNodes{"ballast.dev", "v1alpha1", "cachenodes", false};
inline const KubeResource kNodes{"", "v1", "nodes", false};
inline const KubeResource kNamespaces{"", "v1", "namespaces", false};
inline const KubeResource kSecrets{"", "v1", "secrets", true};
inline const KubeResource kConfigMaps{"", "v1", "configmaps", true};
inline const KubeResource kVolumes{"", "v1", "persistentvolumes", false};
inline const KubeResource kClaims{"", "v1", "persistentvolumeclaims", true};
inline const KubeResource kStorageClasses{"storage.k8s.io", "v1", "storageclasses", false};
inline const KubeResource kEndpointSlices{"discovery.k8s.io", "v1", "endpointslices", true};

inline constexpr char kDriverName[] = "csi.ballast.dev";
inline constexpr char kAgentService[] = "ballast-agents";

struct Taint {
  std::string key;
  std::string value;
  std::string effect;

  friend bool operator==(const Taint&, const Taint&) = default;
};

// Nodes may be born with it (any effect); it is only ever removed here.
inline constexpr char kStartupTaint[] = "startup-taint.cluster-autoscaler.kubernetes.io/ballast";

// A Node.
struct NodeFacts {
  std::string name;
  std::string uid;
  Labels labels;
  std::vector<Taint> taints;
  bool cordoned = false;
  bool ready = false;  // condition Ready is True
  std::optional<Timestamp> created;

  std::string Zone() const;  // "" where it has no label of that
  friend bool operator==(const NodeFacts&, const NodeFacts&) = default;
};

bool HasStartupTaint(const NodeFacts& node);

struct NamespaceFacts {
  std::string name;
  Labels labels;
  bool ending = false;
  std::optional<Timestamp> created = std::nullopt;

  friend bool operator==(const NamespaceFacts&, const NamespaceFacts&) = default;
};

// A PersistentVolume of our driver that names a cache.
struct VolumeFacts {
  std::string name;
  std::string cache;      // as in CacheNode: "namespace/name", or the name of a ClusterModelCache
  std::string revision;   // commit; "" = it takes the current one
  std::string manifest;   // "sha256:…"; "" = the same
  std::string claim;      // "namespace/name"; "" = none
  bool released = false;  // its claim is gone: nobody wants it any more

  friend bool operator==(const VolumeFacts&, const VolumeFacts&) = default;
};

// Where a node's agent is reached.
struct AgentEndpoint {
  std::string node;
  std::string address;  // "10.0.0.7:7070", "[fd00::7]:7070"
  bool ready = false;

  friend bool operator==(const AgentEndpoint&, const AgentEndpoint&) = default;
};

// Whether `uid` is an owner of `object`: of a Node that was made anew under its name, what the old one owned says
// nothing.
bool IsOwnedBy(const ObjectMeta& object, const std::string& uid);

NodeFacts NodeFromJson(const Json& object);
NamespaceFacts NamespaceFromJson(const Json& object);
// Nothing: of another driver, or it names no cache.
std::optional<VolumeFacts> VolumeFromJson(const Json& object);
// By node; of the slices of the Service `ballast-agents`. A node that has several endpoints (a rollout) is at the one
// that is ready.
std::map<std::string, AgentEndpoint> AgentsFromSlices(const std::vector<std::shared_ptr<const Json>>& slices);

}  // namespace ballast::controller
