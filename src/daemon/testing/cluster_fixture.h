// The whole daemon beside an apiserver in memory, which has its CacheNode.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/cache_node.h"
#include "daemon/cluster/endpoints.h"
#include "daemon/cluster/node_entries.h"
#include "daemon/testing/service_fixture.h"
#include "kube/event_series.h"
#include "kube/testing/fake_kube_client.h"

namespace ballast {

class ClusterFixture : public ServiceFixture {
 protected:
  ClusterFixture();
  ~ClusterFixture() override { Stop(); }  // before its apiserver

  // A pinned entry of hf://org/a as the origin has it, for all namespaces.
  CacheEntry Entry(const std::string& cache = "llama") const;
  // The operator's part: creates the object, or replaces its spec.
  void WriteSpec(const CacheNodeSpec& spec);
  void WriteEntries(std::vector<CacheEntry> entries) { WriteSpec({.caches = std::move(entries)}); }
  std::optional<CacheNode> Node();
  CacheNodeStatus NodeStatus() { return Node().value_or(CacheNode()).status; }
  // Waits for it in the object's status.
  void AwaitPhase(const std::string& cache, CachePhase phase);
  void AwaitStatus(const std::function<bool(const CacheNodeStatus&)>& holds);
  // One with this reason whose note holds `text`.
  bool HasEvent(const std::string& reason, const std::string& text);
  // Of the agent.
  int StatusWrites() const { return kube_.CountCalls(KubeVerb::kPatch); }
  cache::v1::PrepareRequest PodVolume(const std::string& cache, const std::string& id,
                                      const std::string& pod_namespace = "team") const;

  std::string node_uid_ = "node-uid-1";  // of the owner of what WriteSpec() creates
  Digest manifest_;
  FakeKubeClient kube_{clock_};
};

}  // namespace ballast
