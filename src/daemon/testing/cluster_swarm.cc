#include "daemon/testing/cluster_swarm.h"

#include <thread>

#include "base/small_file.h"
#include "base/strings.h"
#include "daemon/cluster/node_entries.h"
#include "daemon/testing/service_fixture.h"
#include "identity/pem_file.h"
#include "kube/event_series.h"

namespace ballast {

namespace v1 = cache::v1;

ClusterSwarm::ClusterSwarm() {
  BALLAST_CHECK(ReplacePemFile(root_.path() + "/ca.crt", cluster_.CaPem(), Secrecy::kPublic).ok());
  commit_ = origin_.real().Put("hf://org/a", {{.path = "config.json", .content = "{}", .kind = FakeFileKind::kPlain},
                                              {.path = "model.safetensors", .content = weights_}});
  kube_.Serve({.resource = kCacheNodes, .kind = "CacheNode", .status_subresource = true, .has_generation = true});
  kube_.Serve({.resource = kEndpointSlices, .kind = "EndpointSlice"});
  kube_.Serve({.resource = kEvents, .kind = "Event"});
}

void ClusterSwarm::TearDown() {
  for (const auto& node : nodes_) node->Kill();
}

SwarmDaemon& ClusterSwarm::Add(const std::string& name) {
  auto node = std::make_unique<SwarmDaemon>();
  node->name = name;
  const std::string base = root_.path() + "/" + name;
  BALLAST_CHECK(ReplaceSmallFile(base + ".token", "token of " + name).ok());
  DaemonConfig& config = node->config;
  config.node = name;
  config.address = "127.0.0.1";
  config.cache.dir = base;
  config.cache.min_available = 0;
  config.socket.path = base + ".sock";
  config.http.address = "127.0.0.1:0";
  config.guard_metrics = guard_metrics_;
  config.kubernetes = {.ca = root_.path() + "/ca.crt", .token = base + ".token"};
  SwarmConfig& swarm = config.swarm.emplace();
  swarm.listen = {.address = "127.0.0.1", .control_port = 0, .data_port = 0};
  swarm.tls = {
      .ca = base + "/identity/ca.crt", .certificate = base + "/identity/tls.crt", .key = base + "/identity/tls.key"};
  StartDaemon(*node);
  nodes_.push_back(std::move(node));
  return *nodes_.back();
}

void ClusterSwarm::StartDaemon(SwarmDaemon& node) {
  ModelManager::Options jobs;
  jobs.backoff = {.initial = std::chrono::milliseconds(1), .max = std::chrono::milliseconds(50)};
  auto daemon = Daemon::Start({.config = node.config,
                               .version = "1.2.3",
                               .origins = [this](const ModelRequest&) -> Result<Origin*> { return &origin_; },
                               .jobs = jobs,
                               .upkeep = std::chrono::milliseconds(10),
                               .enter_within = enter_within_,
                               .kube = &kube_,
                               .operator_client = operator_.Maker()},
                              clock_);
  BALLAST_CHECK(daemon.ok()) << daemon.status();
  node.daemon = *std::move(daemon);
  node.stub =
      v1::Cache::NewStub(grpc::CreateChannel("unix:" + node.config.socket.path, grpc::InsecureChannelCredentials()));
  node.config.swarm->listen.control_port = node.daemon->control_port();
  node.config.swarm->listen.data_port = node.daemon->data_port();
}

void ClusterSwarm::Restart(SwarmDaemon& node) { StartDaemon(node); }

// Each in a slice of its own, since on loopback each has its own ports.
void ClusterSwarm::WriteSlices() {
  for (const auto& node : nodes_) {
    const Json slice = {
        {"apiVersion", "discovery.k8s.io/v1"},
        {"kind", "EndpointSlice"},
        {"metadata",
         {{"name", "ballast-agents-" + node->name},
          {"namespace", node->config.kubernetes->ns},
          {"labels", {{"app.kubernetes.io/part-of", "ballast"}, {"kubernetes.io/service-name", "ballast-agents"}}}}},
        {"addressType", "IPv4"},
        {"ports",
         {{{"name", "control"}, {"port", node->daemon->control_port()}},
          {{"name", "data"}, {"port", node->daemon->data_port()}}}},
        {"endpoints", {{{"addresses", {"127.0.0.1"}}, {"nodeName", node->name}, {"zone", "a"}}}}};
    const Result<Json> created = kube_.Create(kEndpointSlices, slice, {});
    BALLAST_CHECK(created.ok() || created.status().code() == StatusCode::kAlreadyExists) << created.status();
  }
  const std::string line = StrCat("\nballast_swarm_members ", nodes_.size(), "\n");
  for (const auto& node : nodes_) WaitUntil([&] { return node->Get("/metrics").find(line) != std::string::npos; });
}

CacheEntry ClusterSwarm::Entry() const {
  const Manifest manifest =
      Manifest::Make({{SafePath::Parse("config.json").value(), Digest::Of("{}"), 2},
                      {SafePath::Parse("model.safetensors").value(), Digest::Of(weights_), weights_.size()}})
          .value();
  return {.cache = "llama",
          .manifest = manifest.Id().ToString(),
          .source = "hf://org/a@" + commit_,
          .current = true,
          .pinned = true,
          .namespaces = {"*"}};
}

void ClusterSwarm::WriteEntries(const std::string& node, const std::vector<CacheEntry>& entries) {
  CacheNode object;
  object.metadata.name = node;
  object.spec.caches = entries;
  Json json = ToJson(object);
  json.erase("status");
  for (;;) {
    const Result<Json> there = kube_.Get(kCacheNodes, {"", node}, {});
    if (!there.ok()) {
      BALLAST_CHECK(kube_.Create(kCacheNodes, json, {}).ok());
      return;
    }
    Json next = *there;
    next["spec"] = json["spec"];
    if (kube_.Update(kCacheNodes, next, {}).ok()) return;
  }
}

CacheNodeStatus ClusterSwarm::StatusOf(const std::string& node) {
  const Result<Json> object = kube_.Get(kCacheNodes, {"", node}, {});
  return object.ok() ? CacheNodeFromJson(*object)->status : CacheNodeStatus();
}

void ClusterSwarm::AwaitReady(const std::string& node) {
  WaitUntil([&] { return StatusOf(node).summary.caches == "1/1"; });
}

void ClusterSwarm::AwaitCertificate(const std::string& node, ConditionStatus status) {
  WaitUntil([&] {
    const CacheNodeStatus now = StatusOf(node);
    const Condition* condition = FindCondition(now.conditions, ConditionType::kCertificateReady);
    return condition != nullptr && condition->status == status;
  });
}

void ClusterSwarm::WaitUntil(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

}  // namespace ballast
