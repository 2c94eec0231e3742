#include "daemon/testing/cluster_fixture.h"

#include <algorithm>
#include <thread>

namespace ballast {

ClusterFixture::ClusterFixture() {
  config_.node = "n1";
  config_.manifests = "";
  config_.volumes.sources = {};
  config_.kubernetes.emplace();
  config_.kubernetes->token = root_ / "token";
  config_.kubernetes->ca = root_ / "operator-ca.crt";
  config_.address = "127.0.0.1";
  kube_.Serve({.resource = kCacheNodes, .kind = "CacheNode", .status_subresource = true, .has_generation = true});
  kube_.Serve({.resource = kEndpointSlices, .kind = "EndpointSlice"});
  kube_.Serve({.resource = kEvents, .kind = "Event"});
  setup_.kube = &kube_;
  manifest_ = Manifest::Make({{SafePath::Parse("config.json").value(), Digest::Of("{}"), 2},
                              {SafePath::Parse("model.safetensors").value(), Digest::Of(weights_), weights_.size()}})
                  ->Id();
}

CacheEntry ClusterFixture::Entry(const std::string& cache) const {
  return {.cache = cache,
          .manifest = manifest_.ToString(),
          .source = "hf://org/a@" + commit_,
          .current = true,
          .pinned = true,
          .namespaces = {"*"}};
}

void ClusterFixture::WriteSpec(const CacheNodeSpec& spec) {
  CacheNode node;
  node.metadata.name = "n1";
  node.metadata.owner_references = {{.api_version = "v1", .kind = "Node", .name = "n1", .uid = node_uid_}};
  node.spec = spec;
  Json object = ToJson(node);
  object.erase("status");
  for (;;) {
    const Result<Json> there = kube_.Get(kCacheNodes, {"", "n1"}, {});
    if (!there.ok()) {
      BALLAST_CHECK(kube_.Create(kCacheNodes, object, {}).ok());
      return;
    }
    Json next = *there;
    next["spec"] = object["spec"];
    if (kube_.Update(kCacheNodes, next, {}).ok()) return;  // else the agent wrote meanwhile
  }
}

std::optional<CacheNode> ClusterFixture::Node() {
  const Result<Json> object = kube_.Get(kCacheNodes, {"", "n1"}, {});
  if (!object.ok()) return std::nullopt;
  return CacheNodeFromJson(*object).value();
}

bool ClusterFixture::HasEvent(const std::string& reason, const std::string& text) {
  const ListPage page = ListAll(kube_, kEvents, {}, {}).value();
  return std::any_of(page.items.begin(), page.items.end(), [&](const Json& event) {
    return StringAt(event, "/reason") == reason && StringAt(event, "/note").find(text) != std::string::npos;
  });
}

void ClusterFixture::AwaitStatus(const std::function<bool(const CacheNodeStatus&)>& holds) {
  WaitUntil([&] { return holds(NodeStatus()); });
}

void ClusterFixture::AwaitPhase(const std::string& cache, CachePhase phase) {
  AwaitStatus([&](const CacheNodeStatus& status) {
    for (const CacheEntryStatus& one : status.caches) {
      if (one.cache == cache && one.phase == phase) return true;
    }
    return false;
  });
}

cache::v1::PrepareRequest ClusterFixture::PodVolume(const std::string& cache, const std::string& id,
                                                    const std::string& pod_namespace) const {
  cache::v1::PrepareRequest request = Volume("", id);
  request.set_cluster_cache(cache);
  request.set_namespace_(pod_namespace);
  request.mutable_lease()->set_pod_uid("uid-" + id);
  return request;
}

}  // namespace ballast
