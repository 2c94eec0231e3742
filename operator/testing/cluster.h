// A cluster in memory: what the operator's informers list, and the objects that tests put there.
#pragma once

#include <string>
#include <vector>

#include "api/cache_node.h"
#include "api/cache_policy.h"
#include "api/model_cache.h"
#include "kube/testing/fake_kube_client.h"
#include "operator/cluster_objects.h"

namespace ballast::controller {

// Kubernetes' own types that the operator uses; with ours.
void ServeBuiltIn(FakeKubeClient& client);
void ServeCluster(FakeKubeClient& client);

struct NodeSketch {
  std::string name;
  Labels labels;
  bool ready = true;
  bool cordoned = false;
  std::vector<Taint> taints;
};
Json MakeNode(const NodeSketch& node);
Json MakeNamespace(const std::string& name, const Labels& labels = {});
// One slice of ballast-agents; each node's agent is at 10.0.0.N:7070, ready.
Json MakeAgentSlice(const std::string& name, const std::vector<std::string>& nodes,
                    const std::string& ns = "ballast-system");
// A bound volume; `attributes` as a PV of ours carries them.
Json MakeVolume(const std::string& name, const Json& attributes, const ObjectName& claim);

// The ClusterModelCache `name` of hf://org/<name>, on every node; change what the test is about.
ModelCache MakeCache(const std::string& name);
Json MakeCacheObject(const ModelCache& cache);

}  // namespace ballast::controller
