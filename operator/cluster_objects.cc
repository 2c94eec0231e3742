#include "operator/cluster_objects.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast::controller {
namespace {

constexpr char kZoneLabel[] = "topology.kubernetes.io/zone";
constexpr char kControlPort[] = "control";

Labels LabelsOf(const Json& object) {
  Labels labels;
  for (const auto& [key, value] : ChildAt(object, "/metadata/labels").items()) {
    if (value.is_string()) labels.emplace(key, value.get<std::string>());
  }
  return labels;
}

bool IsNodeReady(const Json& node) {
  for (const Json& condition : ChildAt(node, "/status/conditions")) {
    if (StringAt(condition, "/type") == "Ready") return StringAt(condition, "/status") == "True";
  }
  return false;
}

std::vector<Taint> TaintsOf(const Json& node) {
  std::vector<Taint> taints;
  for (const Json& taint : ChildAt(node, "/spec/taints")) {
    taints.push_back({StringAt(taint, "/key"), StringAt(taint, "/value"), StringAt(taint, "/effect")});
  }
  return taints;
}

bool BoolAt(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::string CacheOfVolume(const Json& attributes, const std::string& claim_namespace) {
  std::string cluster_cache = StringAt(attributes, "/clusterCache");
  if (!cluster_cache.empty()) return cluster_cache;
  std::string cache = StringAt(attributes, "/cache");
  if (cache.empty() || cache.find('/') != std::string::npos) return cache;
  return claim_namespace.empty() ? "" : StrCat(claim_namespace, "/", cache);
}

bool IsReleased(const std::string& phase) { return phase == "Released" || phase == "Failed"; }

int64_t ControlPort(const Json& slice) {
  for (const Json& port : ChildAt(slice, "/ports")) {
    if (StringAt(port, "/name") == kControlPort) return IntAt(port, "/port");
  }
  return 0;
}

std::optional<AgentEndpoint> EndpointOf(const Json& endpoint, int64_t port) {
  const Json& addresses = ChildAt(endpoint, "/addresses");
  if (!addresses.is_array() || addresses.empty() || !addresses[0].is_string()) return std::nullopt;
  const auto host = addresses[0].get<std::string>();
  const bool six = host.find(':') != std::string::npos;
  return AgentEndpoint{StringAt(endpoint, "/nodeName"), StrCat(six ? "[" : "", host, six ? "]:" : ":", port),
                       BoolAt(ChildAt(endpoint, "/conditions"), "ready")};
}

std::optional<Timestamp> CreationOf(const Json& object) {
  const auto created = ParseTimestamp(StringAt(object, "/metadata/creationTimestamp"));
  return created.ok() ? std::optional(*created) : std::nullopt;
}

}  // namespace

bool HasStartupTaint(const NodeFacts& node) {
  return std::any_of(node.taints.begin(), node.taints.end(), [](const Taint& t) { return t.key == kStartupTaint; });
}

std::string NodeFacts::Zone() const {
  const auto zone = labels.find(kZoneLabel);
  return zone == labels.end() ? "" : zone->second;
}

bool IsOwnedBy(const ObjectMeta& object, const std::string& uid) {
  const auto& owners = object.owner_references;
  return std::any_of(owners.begin(), owners.end(), [&](const OwnerReference& owner) { return owner.uid == uid; });
}

NodeFacts NodeFromJson(const Json& object) {
  NodeFacts node{.name = NameOf(object).name,
                 .uid = UidOf(object),
                 .labels = LabelsOf(object),
                 .taints = TaintsOf(object),
                 .cordoned = BoolAt(ChildAt(object, "/spec"), "unschedulable"),
                 .ready = IsNodeReady(object)};
  node.created = CreationOf(object);
  return node;
}

NamespaceFacts NamespaceFromJson(const Json& object) {
  return {NameOf(object).name, LabelsOf(object), IsBeingDeleted(object), CreationOf(object)};
}

std::optional<VolumeFacts> VolumeFromJson(const Json& object) {
  const Json& csi = ChildAt(object, "/spec/csi");
  if (StringAt(csi, "/driver") != kDriverName) return std::nullopt;
  const Json& attributes = ChildAt(csi, "/volumeAttributes");
  const ObjectName claim{StringAt(object, "/spec/claimRef/namespace"), StringAt(object, "/spec/claimRef/name")};
  VolumeFacts volume{.name = NameOf(object).name,
                     .cache = CacheOfVolume(attributes, claim.ns),
                     .revision = StringAt(attributes, "/revision"),
                     .manifest = StringAt(attributes, "/manifest"),
                     .claim = claim.name.empty() ? "" : claim.ToString(),
                     .released = IsReleased(StringAt(object, "/status/phase"))};
  if (volume.cache.empty()) return std::nullopt;
  return volume;
}

std::map<std::string, AgentEndpoint> AgentsFromSlices(const std::vector<std::shared_ptr<const Json>>& slices) {
  std::map<std::string, AgentEndpoint> agents;
  for (const auto& slice : slices) {
    if (StringAt(ChildAt(*slice, "/metadata/labels"), "/kubernetes.io~1service-name") != kAgentService) continue;
    const int64_t port = ControlPort(*slice);
    for (const Json& item : ChildAt(*slice, "/endpoints")) {
      const auto endpoint = EndpointOf(item, port);
      if (!endpoint || endpoint->node.empty() || port == 0) continue;
      const auto [at, added] = agents.try_emplace(endpoint->node, *endpoint);
      if (!added && !at->second.ready) at->second = *endpoint;
    }
  }
  return agents;
}

}  // namespace ballast::controller
