#include "operator/nodes/node_controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "base/testing/fake_clock.h"
#include "core/digest.h"
#include "operator/testing/cluster.h"

namespace ballast::controller {
namespace {

using std::chrono::minutes;
using testing::HasSubstr;

constexpr int kWatches = 10;
const Taint kTaint{kStartupTaint, "", "NoSchedule"};

class NodeControllerTest : public testing::Test {
 protected:
  NodeControllerTest() { ServeCluster(client_); }

  Json Create(const KubeResource& resource, const Json& object) {
    const auto created = client_.Create(resource, object, {});
    EXPECT_TRUE(created.ok()) << created.status();
    return *created;
  }
  void Patch(const KubeResource& resource, const std::string& name, const Json& patch,
             Subresource subresource = Subresource::kNone) {
    const auto patched = client_.Patch(resource, {"", name}, patch, subresource, {});
    ASSERT_TRUE(patched.ok()) << patched.status();
  }
  void CreateRequired(const std::string& name) {
    ModelCache cache = MakeCache(name);
    cache.spec.nodes->required = true;
    Create(kClusterModelCaches, MakeCacheObject(cache));
  }
  // The agent of `node` serves, and `cache` is pinned there.
  void CreateCacheNode(const std::string& node, const std::string& cache) {
    CacheNode object;
    object.metadata.name = node;
    const auto owner = client_.Get(kNodes, {"", node}, {});
    object.metadata.owner_references = {{"v1", "Node", node, UidOf(owner.value())}};
    object.spec.caches = {{.cache = cache,
                           .manifest = Digest::Of(cache).ToString(),
                           .source = "hf://org/m@" + std::string(40, 'a'),
                           .current = true,
                           .pinned = true}};
    Create(kCacheNodes, ToJson(object));
    Report(node, cache, CachePhase::kDownloading);
  }
  void Report(const std::string& node, const std::string& cache, CachePhase phase) {
    CacheNode object;
    object.metadata.name = node;
    SetCondition(object.status.conditions, ConditionType::kReady, ConditionStatus::kTrue, Reason::kServing, "ok", 1,
                 std::chrono::floor<std::chrono::seconds>(clock_.Now()));
    object.status.caches = {{.cache = cache, .manifest = Digest::Of(cache).ToString(), .phase = phase}};
    Patch(kCacheNodes, node, {{"status", ToJson(object)["status"]}}, Subresource::kStatus);
  }
  void Start() {
    view_.Start();
    ASSERT_TRUE(view_.AwaitSync({}));
    nodes_.emplace(LeaderContext{client_, view_, clock_, events_, registry_, config_, "ballast-system"});
    nodes_->AddAll();
    Settle();
  }
  void Settle() {
    do {
      client_.AwaitWatches(kWatches);
    } while (nodes_->controller().Drain() > 0);
    events_.Flush();
  }
  size_t Taints(const std::string& node) {
    const auto object = client_.Get(kNodes, {"", node}, {});
    return ChildAt(*object, "/spec/taints").size();
  }
  std::vector<Json> Events() { return ListAll(client_, kEvents, {}, {}).value().items; }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
  prometheus::Registry registry_;
  OperatorConfig config_;
  EventRecorder events_{client_, clock_, {.controller = "ballast.dev/operator", .instance = "pod"}};
  ClusterView view_{client_, {}};
  std::optional<NodeController> nodes_;
};

TEST_F(NodeControllerTest, TheTaintGoesWhenTheRequiredModelIsWarm) {
  CreateRequired("llama");
  Create(kNodes, MakeNode({.name = "a", .taints = {kTaint, {"other", "", "NoSchedule"}}}));
  CreateCacheNode("a", "llama");
  Start();
  EXPECT_EQ(Taints("a"), 2U);
  Report("a", "llama", CachePhase::kReady);
  Settle();
  EXPECT_EQ(Taints("a"), 1U);
  ASSERT_EQ(Events().size(), 1U);
  EXPECT_EQ(StringAt(Events()[0], "/reason"), "StartupTaintRemoved");
  EXPECT_EQ(StringAt(Events()[0], "/regarding/kind"), "Node");
}

TEST_F(NodeControllerTest, WithTheHubOffItGoesAtMaxWaitWithAnEvent) {
  CreateRequired("llama");
  Create(kNodes, MakeNode({.name = "a", .taints = {kTaint}}));
  CreateCacheNode("a", "llama");
  Start();
  clock_.Advance(minutes(14));
  Settle();
  EXPECT_EQ(Taints("a"), 1U);
  clock_.Advance(minutes(1));
  Settle();
  EXPECT_EQ(Taints("a"), 0U);
  ASSERT_EQ(Events().size(), 1U);
  EXPECT_EQ(StringAt(Events()[0], "/type"), "Warning");
  EXPECT_THAT(StringAt(Events()[0], "/note"), HasSubstr("llama"));
}

TEST_F(NodeControllerTest, ACacheThatIsRequiredNoMoreReleasesTheNode) {
  CreateRequired("llama");
  Create(kNodes, MakeNode({.name = "a", .taints = {kTaint}}));
  CreateCacheNode("a", "llama");
  Start();
  Patch(kClusterModelCaches, "llama", {{"spec", {{"nodes", {{"required", false}}}}}});
  Settle();
  EXPECT_EQ(Taints("a"), 0U);
}

TEST_F(NodeControllerTest, ARacingWriteIsNotOverwritten) {
  Create(kNodes, MakeNode({.name = "a", .taints = {kTaint}}));
  CreateCacheNode("a", "llama");
  client_.OnCall([this](const FakeCall& call) {
    if (call.verb != KubeVerb::kPatch || call.resource != kNodes) return;
    client_.OnCall({});
    const Json taints = {{{"key", kStartupTaint}, {"effect", "NoSchedule"}}, {{"key", "x"}, {"effect", "NoExecute"}}};
    Patch(kNodes, "a", {{"spec", {{"taints", taints}}}});
  });
  Start();
  EXPECT_EQ(nodes_->controller().counts().failed, 1U);
  EXPECT_EQ(Taints("a"), 1U) << "only ours went, once the node was read again";
}

TEST_F(NodeControllerTest, ANodeThatNeedsNothingIsNotReadFromTheApiserver) {
  for (const char* name : {"a", "b"}) Create(kNodes, MakeNode({.name = name}));
  CreateCacheNode("a", "llama");
  Start();
  Report("a", "llama", CachePhase::kReady);
  Settle();
  EXPECT_EQ(client_.CountCalls(KubeVerb::kGet), 1) << "the test's own";
  EXPECT_TRUE(Events().empty());
}

TEST_F(NodeControllerTest, LabelsFollowWhatIsWarmWhereTheyAreAskedFor) {
  config_.warm_labels = true;
  Create(kNodes, MakeNode({.name = "a", .labels = {{"ballast.dev/warm.gone", "true"}, {"role", "gpu"}}}));
  CreateCacheNode("a", "llama");
  Start();
  const auto labels = [this] { return ChildAt(client_.Get(kNodes, {"", "a"}, {}).value(), "/metadata/labels"); };
  EXPECT_EQ(labels(), (Json{{"role", "gpu"}}));
  Report("a", "llama", CachePhase::kReady);
  Settle();
  EXPECT_EQ(labels(), (Json{{"role", "gpu"}, {"ballast.dev/warm.llama", "true"}}));
  const int patches = client_.CountCalls(KubeVerb::kPatch);
  nodes_->AddAll();
  Settle();
  EXPECT_EQ(client_.CountCalls(KubeVerb::kPatch), patches);
}

}  // namespace
}  // namespace ballast::controller
