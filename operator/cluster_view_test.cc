#include "operator/cluster_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <map>
#include <thread>

#include "base/testing/fake_clock.h"
#include "base/testing/log_lines.h"
#include "operator/testing/cluster.h"

namespace ballast::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

// A cluster into which the CRDs are installed after the operator, or with rights for it that come later.
class LateClusterTest : public testing::Test {
 protected:
  ~LateClusterTest() override {
    if (!gate_.try_wait()) Open();
    view_.reset();
  }

  // Returns when every informer that can't list has tried that twice: none goes on before Open().
  void StartAndTryTwice(int informers) {
    view_->Start();
    MutexLock lock(mutex_);
    while (tries_ < 2 * informers) changed_.Wait(mutex_);
  }
  void Open() { gate_.count_down(); }
  // The kinds whose list failed so.
  std::vector<std::string> Refused(StatusCode code) const {
    std::vector<std::string> refused;
    for (const auto& [resource, problem] : view_->Unlisted()) {
      if (problem.code() == code) refused.push_back(resource);
    }
    return refused;
  }

  void Pause(const std::stop_token&) {
    {
      MutexLock lock(mutex_);
      if (++paused_[std::this_thread::get_id()] <= 2) ++tries_;
      changed_.NotifyAll();
      if (paused_[std::this_thread::get_id()] < 2) return;
    }
    gate_.wait();
  }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
  LogLines log_;
  std::latch gate_{1};
  Mutex mutex_;
  CondVar changed_;
  std::map<std::thread::id, int> paused_ GUARDED_BY(mutex_);
  int tries_ GUARDED_BY(mutex_) = 0;
  std::unique_ptr<ClusterView> view_ = std::make_unique<ClusterView>(
      client_, ClusterViewOptions{.pause = [this](Duration, const std::stop_token& stop) { Pause(stop); }});
};

TEST_F(LateClusterTest, KindsThatAreNotServedYetAreWaitedFor) {
  ServeBuiltIn(client_);
  StartAndTryTwice(4);
  EXPECT_THAT(Refused(StatusCode::kNotFound), ElementsAre("cachepolicies.ballast.dev", "clustermodelcaches.ballast.dev",
                                                          "modelcaches.ballast.dev", "cachenodes.ballast.dev"));
  EXPECT_EQ(log_.With("Informer lost its apiserver").size(), 4U) << "each says it once";
  ServeCluster(client_);
  Open();
  ASSERT_TRUE(view_->AwaitSync({}));
  EXPECT_TRUE(view_->Unlisted().empty());
  ASSERT_TRUE(client_.Create(kClusterModelCaches, MakeCacheObject(MakeCache("llama")), {}).ok());
  client_.AwaitWatches(10);
  EXPECT_EQ(view_->caches().size(), 1U);
}

TEST_F(LateClusterTest, AKindThatMayNotBeListedIsNamedAndWaitedFor) {
  ServeCluster(client_);
  client_.Forbid(KubeVerb::kList, kVolumes);
  StartAndTryTwice(1);
  EXPECT_THAT(Refused(StatusCode::kPermissionDenied), ElementsAre("persistentvolumes"));
  ASSERT_EQ(log_.With("Informer lost its apiserver").size(), 1U);
  EXPECT_THAT(log_.With("Informer lost its apiserver")[0], HasSubstr("cannot list resource \\\"persistentvolumes"));
  client_.Allow(KubeVerb::kList, kVolumes);
  Open();
  ASSERT_TRUE(view_->AwaitSync({}));
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

TEST_F(ClusterViewTest, LateEventsOfEarlierWritesAreNoNews) {
  Create(kClusterModelCaches, MakeCacheObject(MakeCache("llama")));
  Start();
  // The watches tell nothing until the gate opens.
  std::latch gate(1);
  client_.OnCall([&](const FakeCall& call) {
    if (call.verb == KubeVerb::kWatch) gate.wait();
  });
  client_.EndWatches();
  for (const int priority : {7, 8, 9}) {
    const auto before = view_->caches().Get("llama");
    const Json patch = {{"spec", {{"priority", priority}}}};
    view_->Learn(before, *client_.Patch(kClusterModelCaches, {"", "llama"}, patch, Subresource::kNone, {}));
  }
  std::vector<int> seen;
  const auto subscription = view_->Subscribe([&](const ObjectSeen& object) {
    if (object.kind == Kind::kCache) seen.push_back(view_->caches().Get(object.name)->spec.priority);
  });
  gate.count_down();
  client_.AwaitWatches(10);
  client_.OnCall(nullptr);
  EXPECT_TRUE(seen.empty()) << "first " << seen.front();
  EXPECT_EQ(view_->caches().Get("llama")->spec.priority, 9);
  ASSERT_TRUE(
      client_.Patch(kClusterModelCaches, {"", "llama"}, {{"spec", {{"priority", 1}}}}, Subresource::kNone, {}).ok());
  client_.AwaitWatches(10);
  EXPECT_EQ(seen, std::vector<int>{1}) << "what others write is news";
}

TEST_F(ClusterViewTest, AnObjectMadeAnewIsNotTakenForALateOne) {
  const Json old = Create(kClusterModelCaches, MakeCacheObject(MakeCache("llama")));
  Start();
  Json written = old;
  written["spec"]["priority"] = 7;
  written["metadata"]["resourceVersion"] = "a write that the watch never tells of";
  view_->Learn(view_->caches().Get("llama"), written);
  ASSERT_TRUE(client_.Delete(kClusterModelCaches, {"", "llama"}, {}, {}).ok());
  const Json anew = Create(kClusterModelCaches, MakeCacheObject(MakeCache("llama")));
  client_.AwaitWatches(10);
  EXPECT_EQ(view_->caches().Get("llama")->metadata.uid, UidOf(anew));
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
