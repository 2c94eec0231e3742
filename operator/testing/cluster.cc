#include "operator/testing/cluster.h"

#include "base/strings.h"
#include "kube/event_series.h"
#include "kube/lease_record.h"

namespace ballast::controller {
namespace {

constexpr int kControlPort = 7070;

Json Endpoint(const std::string& node, size_t index) {
  return {{"addresses", {StrCat("10.0.", index / 250, ".", index % 250 + 1)}},
          {"nodeName", node},
          {"conditions", {{"ready", true}}}};
}

Json Metadata(const std::string& name, const Labels& labels) {
  Json metadata = {{"name", name}};
  if (!labels.empty()) metadata["labels"] = labels;
  return metadata;
}

}  // namespace

void ServeCluster(FakeKubeClient& client) {
  const auto ours = [&](const KubeResource& resource, const char* kind) {
    client.Serve({.resource = resource, .kind = kind, .status_subresource = true, .has_generation = true});
  };
  ours(kModelCaches, "ModelCache");
  ours(kClusterModelCaches, "ClusterModelCache");
  ours(kCachePolicies, "CachePolicy");
  ours(kCacheNodes, "CacheNode");
  ServeBuiltIn(client);
}

void ServeBuiltIn(FakeKubeClient& client) {
  client.Serve({.resource = kNodes, .kind = "Node"});
  client.Serve({.resource = kNamespaces, .kind = "Namespace"});
  client.Serve({.resource = kSecrets, .kind = "Secret"});
  client.Serve({.resource = kConfigMaps, .kind = "ConfigMap"});
  client.Serve({.resource = kVolumes, .kind = "PersistentVolume"});
  client.Serve({.resource = kClaims, .kind = "PersistentVolumeClaim"});
  client.Serve({.resource = kStorageClasses, .kind = "StorageClass"});
  client.Serve({.resource = kEndpointSlices, .kind = "EndpointSlice"});
  client.Serve({.resource = kLeases, .kind = "Lease"});
  client.Serve({.resource = kEvents, .kind = "Event"});
}

Json MakeNode(const NodeSketch& node) {
  Json taints = Json::array();
  for (const Taint& taint : node.taints) {
    taints.push_back({{"key", taint.key}, {"value", taint.value}, {"effect", taint.effect}});
  }
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", Metadata(node.name, node.labels)},
          {"spec", {{"unschedulable", node.cordoned}, {"taints", taints}}},
          {"status", {{"conditions", {{{"type", "Ready"}, {"status", node.ready ? "True" : "False"}}}}}}};
}

Json MakeNamespace(const std::string& name, const Labels& labels) {
  Labels all = labels;
  all["kubernetes.io/metadata.name"] = name;
  return {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Metadata(name, all)}};
}

Json MakeAgentSlice(const std::string& name, const std::vector<std::string>& nodes, const std::string& ns) {
  Json metadata =
      Metadata(name, {{"kubernetes.io/service-name", kAgentService}, {"app.kubernetes.io/part-of", "ballast"}});
  metadata["namespace"] = ns;
  Json endpoints = Json::array();
  for (const std::string& node : nodes) endpoints.push_back(Endpoint(node, endpoints.size()));
  return {{"apiVersion", "discovery.k8s.io/v1"},
          {"kind", "EndpointSlice"},
          {"metadata", metadata},
          {"addressType", "IPv4"},
          {"endpoints", endpoints},
          {"ports", {{{"name", "control"}, {"port", kControlPort}}}}};
}

Json MakeVolume(const std::string& name, const Json& attributes, const ObjectName& claim) {
  const Json csi = {{"driver", kDriverName}, {"volumeHandle", name}, {"volumeAttributes", attributes}};
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolume"},
          {"metadata", {{"name", name}}},
          {"spec", {{"csi", csi}, {"claimRef", {{"namespace", claim.ns}, {"name", claim.name}}}}},
          {"status", {{"phase", "Bound"}}}};
}

ModelCache MakeCache(const std::string& name) {
  ModelCache cache;
  cache.metadata.name = name;
  cache.spec.source.uri = *ModelRef::Parse("hf://org/" + name);
  cache.spec.nodes.emplace();
  return cache;
}

Json MakeCacheObject(const ModelCache& cache) {
  Json object = ToJson(cache);
  object["metadata"].erase("resourceVersion");
  return object;
}

}  // namespace ballast::controller
