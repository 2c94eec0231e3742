#include "kube/testing/fake_kube_client.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"
#include "kube/event_series.h"
#include "kube/lease_record.h"
#include "kube/testing/kube_conformance.h"
#include "kube/testing/token_reviews.h"

namespace ballast {
namespace {

class FakeUnderTest final : public KubeUnderTest {
 public:
  FakeUnderTest() {
    client_.Serve(ConfigMapRules());
    client_.Serve(WidgetRules());
    client_.Serve({.resource = kLeases, .kind = "Lease"});
    client_.Serve({.resource = kEvents, .kind = "Event"});
    client_.Serve(TokenReviewRules({}));
    client_.Serve(AccessReviewRules([](const Json&) { return false; }));
  }
  KubeClient& client() override { return client_; }
  std::string ns() override { return "default"; }
  void PassWatchTimeout() override {
    client_.SendBookmarks();
    client_.AwaitWatches(1);
    client_.EndWatches();
  }

 private:
  FakeClock clock_;
  FakeKubeClient client_{clock_};
};

std::unique_ptr<KubeUnderTest> MakeFake() { return std::make_unique<FakeUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Fake, KubeConformanceTest, testing::Values(&MakeFake));

class FakeKubeClientTest : public testing::Test {
 protected:
  FakeKubeClientTest() { client_.Serve(ConfigMapRules()); }

  Status Create(const std::string& name) {
    return client_.Create(kConfigMaps, MakeConfigMap({"default", name}, {{"a", "1"}}), {}).status();
  }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
};

TEST_F(FakeKubeClientTest, AFaultComesOnceAndBeforeTheCall) {
  client_.FailNext(KubeVerb::kCreate, Unavailable("down"));
  EXPECT_EQ(Create("a"), Unavailable("down"));
  EXPECT_EQ(Create("a"), OkStatus());
  EXPECT_EQ(client_.CountCalls(KubeVerb::kCreate), 2);
}

TEST_F(FakeKubeClientTest, AnAnswerIsLostAfterTheCall) {
  client_.LoseAnswer(KubeVerb::kCreate, DeadlineExceeded("too slow"));
  EXPECT_EQ(Create("a"), DeadlineExceeded("too slow"));
  EXPECT_EQ(Create("a").code(), StatusCode::kAlreadyExists);
}

TEST_F(FakeKubeClientTest, AHookMayWriteBeforeTheCall) {
  client_.OnCall([&](const FakeCall& call) {
    if (call.name.name != "raced") return;
    client_.OnCall({});
    EXPECT_EQ(Create("raced"), OkStatus());
  });
  EXPECT_EQ(Create("raced").code(), StatusCode::kAlreadyExists);
}

TEST_F(FakeKubeClientTest, AfterCompactionOldVersionsAndTokensAreOutOfRange) {
  for (const char* name : {"a", "b"}) ASSERT_EQ(Create(name), OkStatus());
  const auto page = client_.List(kConfigMaps, {.limit = 1}, {});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(Create("c"), OkStatus());
  client_.Compact();
  EXPECT_EQ(client_.List(kConfigMaps, {.limit = 1, .continue_from = page->continue_from}, {}).status().code(),
            StatusCode::kOutOfRange);
  const auto sink = [](const WatchEvent&) { return OkStatus(); };
  EXPECT_EQ(client_.Watch(kConfigMaps, {.resource_version = page->resource_version}, sink, {}).code(),
            StatusCode::kOutOfRange);
}

TEST_F(FakeKubeClientTest, AWatchThatRunsSurvivesACompaction) {
  WatchRecorder watch(client_, kConfigMaps, {.resource_version = "100"});
  client_.AwaitWatches(1);
  ASSERT_EQ(Create("a"), OkStatus());
  client_.Compact();
  ASSERT_EQ(Create("b"), OkStatus());
  EXPECT_EQ(watch.AwaitNames(2), (std::vector<std::string>{"ADDED a", "ADDED b"}));
  client_.EndWatches(Unavailable("cut"));
  EXPECT_EQ(watch.AwaitEnd(), Unavailable("cut"));
}

TEST_F(FakeKubeClientTest, ABookmarkTellsHowFarAWatchThatSawNothingIs) {
  WatchRecorder watch(client_, kConfigMaps, {.field_selector = "metadata.name=none", .resource_version = "100"});
  ASSERT_EQ(Create("a"), OkStatus());
  client_.AwaitWatches(1);
  client_.SendBookmarks();
  const auto events = watch.Await(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, WatchEvent::Kind::kBookmark);
  EXPECT_EQ(ResourceVersionOf(events[0].object), "101");
}

TEST_F(FakeKubeClientTest, ListAllBeginsAgainWhenItsTokenIsTooOld) {
  for (const char* name : {"a", "b", "c"}) ASSERT_EQ(Create(name), OkStatus());
  int lists = 0;
  client_.OnCall([&](const FakeCall& call) {
    if (call.verb == KubeVerb::kList && ++lists == 2) client_.Compact();
  });
  const auto all = ListAll(client_, kConfigMaps, {.limit = 1}, {});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->items.size(), 3U);
  EXPECT_EQ(lists, 5);
}

}  // namespace
}  // namespace ballast
