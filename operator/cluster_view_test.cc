#include "operator/cluster_view.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "operator/testing/cluster.h"

namespace ballast::controller {
namespace {

class ClusterViewTest : public testing::Test {
 protected:
  ClusterViewTest() { ServeCluster(client_); }
  ~ClusterViewTest() override { view_.reset(); }

  Json Create(const KubeResource& resource, const Json& object) { return *client_.Create(resource, object, {}); }
  void Start() {
    view_->Start();
    ASSERT_TRUE(view_->AwaitSync({}));
    client_.AwaitWatches(10);
  }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
  std::unique_ptr<ClusterView> view_ = std::make_unique<ClusterView>(client_, ClusterViewOptions{});
};

TEST_F(ClusterViewTest, HoldsEveryKindAsValues) {
  Create(kNodes, MakeNode({.name = "a"}));
  Create(kNamespaces, MakeNamespace("team"));
  Create(kClusterModelCaches, MakeCacheObject(MakeCache("llama")));
  Create(kEndpointSlices, MakeAgentSlice("s", {"a"}));
  Create(kEndpointSlices, MakeAgentSlice("elsewhere", {"b"}, "default"));
  Create(kVolumes, MakeVolume("v", {{"clusterCache", "llama"}}, {"team", "claim"}));
  Start();
  EXPECT_EQ(view_->nodes().Get("a")->name, "a");
  EXPECT_EQ(view_->namespaces().Get("team")->name, "team");
  EXPECT_EQ(view_->caches().Get("llama")->spec.source.uri.name, "org/llama");
  EXPECT_EQ(view_->volumes().Get("v")->cache, "llama");
  EXPECT_EQ(view_->volume_objects().size(), 1U);
  EXPECT_EQ(view_->Agents().size(), 1U) << "agents of our namespace";
}

TEST_F(ClusterViewTest, TellsSubscribersUntilTheyEnd) {
  Start();
  std::atomic<int> seen{0};
  auto subscription = view_->Subscribe([&](const ObjectSeen& object) { seen += object.kind == Kind::kNode ? 1 : 0; });
  Create(kNodes, MakeNode({.name = "a"}));
  client_.AwaitWatches(10);
  EXPECT_EQ(seen, 1);
  subscription.reset();
  Create(kNodes, MakeNode({.name = "b"}));
  client_.AwaitWatches(10);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(view_->nodes().size(), 2U);
}

TEST_F(ClusterViewTest, WhatWasWrittenIsKnownBeforeTheWatchTells) {
  const Json object = Create(kClusterModelCaches, MakeCacheObject(MakeCache("llama")));
  Start();
  const auto before = view_->caches().Get("llama");
  Json written = object;
  written["spec"]["priority"] = 7;
  view_->Learn(before, written);
  EXPECT_EQ(view_->caches().Get("llama")->spec.priority, 7);
  view_->Learn(before, object);
  EXPECT_EQ(view_->caches().Get("llama")->spec.priority, 7) << "another write was seen since";
}

TEST_F(ClusterViewTest, AnObjectThatCannotBeReadStaysOut) {
  Json bad = MakeCacheObject(MakeCache("llama"));
  bad["spec"]["source"]["uri"] = "nonsense";
  Create(kClusterModelCaches, bad);
  Start();
  EXPECT_EQ(view_->caches().size(), 0U);
}

}  // namespace
}  // namespace ballast::controller
