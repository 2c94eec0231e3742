#include "kube/informer.h"

#include <gtest/gtest.h>

#include <utility>

#include "base/strings.h"
#include "base/testing/fake_clock.h"
#include "base/testing/log_lines.h"
#include "kube/testing/fake_kube_client.h"
#include "kube/testing/widget.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;

class InformerTest : public testing::Test {
 protected:
  InformerTest() { client_.Serve(ConfigMapRules()); }

  void Create(const std::string& name, const std::string& value = "1") {
    ASSERT_TRUE(client_.Create(kConfigMaps, MakeConfigMap({"default", name}, {{"a", value}}), {}).ok());
  }
  void Change(const std::string& name, const std::string& value) {
    ASSERT_TRUE(client_.Patch(kConfigMaps, {"default", name}, {{"data", {{"a", value}}}}, Subresource::kNone, {}).ok());
  }
  void Delete(const std::string& name) { ASSERT_TRUE(client_.Delete(kConfigMaps, {"default", name}, {}, {}).ok()); }

  // Started, in sync, and watching.
  void Start(const KubeResource& resource = kConfigMaps) {
    InformerOptions options{.page = 2, .pause = [this](Duration wait, const std::stop_token&) { TakeNote(wait); }};
    informer_ = std::make_unique<Informer>(client_, resource, options);
    informer_->AddHandler([this](const ObjectChange& change) {
      MutexLock lock(mutex_);
      changes_.push_back(StrCat(WatchEventName(change.kind), " ", NameOf(*change.object).name, "=",
                                StringAt(*change.object, "/data/a")));
      changed_.NotifyAll();
    });
    informer_->Start();
    ASSERT_TRUE(informer_->AwaitSync({}));
    client_.AwaitWatches(1);
  }
  void TakeNote(Duration wait) {
    const Status problem = informer_->problem();
    MutexLock lock(mutex_);
    pauses_.push_back(wait);
    problems_.push_back(problem);
    if (pauses_.size() == serve_after_) client_.Serve(WidgetRules());
    changed_.NotifyAll();
  }
  // What it said so far.
  std::vector<std::string> Lost() const { return log_.With("Informer lost its apiserver"); }
  size_t Back() const { return log_.With("Informer has its apiserver again").size(); }

  // The first `count` changes that the handler saw.
  std::vector<std::string> Await(size_t count) {
    MutexLock lock(mutex_);
    while (changes_.size() < count) changed_.Wait(mutex_);
    return changes_;
  }
  std::vector<Status> Problems() {
    MutexLock lock(mutex_);
    return problems_;
  }
  std::vector<Duration> AwaitPauses(size_t count) {
    MutexLock lock(mutex_);
    while (pauses_.size() < count) changed_.Wait(mutex_);
    return pauses_;
  }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> changes_ GUARDED_BY(mutex_);
  std::vector<Duration> pauses_ GUARDED_BY(mutex_);
  std::vector<Status> problems_ GUARDED_BY(mutex_);  // at each pause
  size_t serve_after_ GUARDED_BY(mutex_) = 0;        // pauses: then widgets are served
  LogLines log_;
  std::unique_ptr<Informer> informer_;
};

TEST_F(InformerTest, ListsInPagesThenFollowsTheWatch) {
  for (const char* name : {"a", "b", "c"}) Create(name);
  Start();
  EXPECT_EQ(client_.CountCalls(KubeVerb::kList), 2);
  EXPECT_EQ(informer_->store().size(), 3U);
  Create("d");
  Change("a", "2");
  Delete("b");
  EXPECT_EQ(Await(6), (std::vector<std::string>{"ADDED a=1", "ADDED b=1", "ADDED c=1", "ADDED d=1", "MODIFIED a=2",
                                                "DELETED b=1"}));
  EXPECT_EQ(StringAt(*informer_->store().Get({"default", "a"}), "/data/a"), "2");
  EXPECT_EQ(informer_->store().Get({"default", "b"}), nullptr);
  EXPECT_EQ(informer_->store().List().size(), 3U);
}

TEST_F(InformerTest, AWatchThatEndsGoesOnWhereItWas) {
  Create("a");
  Start();
  Create("b");
  Await(2);
  client_.AwaitWatches(1);
  client_.EndWatches();
  client_.AwaitWatches(1);
  Create("c");
  EXPECT_EQ(Await(3).back(), "ADDED c=1");
  EXPECT_EQ(client_.CountCalls(KubeVerb::kList), 1);
  EXPECT_TRUE(AwaitPauses(0).empty());
}

TEST_F(InformerTest, AWatchThatBreaksGoesOnAfterAPauseWithoutAList) {
  Create("a");
  Start();
  client_.FailNext(KubeVerb::kWatch, Unavailable("down"), 3);
  client_.EndWatches(Unavailable("cut"));
  const auto pauses = AwaitPauses(4);
  Create("b");
  EXPECT_EQ(Await(2).back(), "ADDED b=1");
  EXPECT_EQ(client_.CountCalls(KubeVerb::kList), 1);
  ASSERT_EQ(pauses.size(), 4U);
  EXPECT_GE(pauses[3], milliseconds(3200)) << "each a step longer: 800, 1600, 3200, 6400 ms at most";
}

TEST_F(InformerTest, ABookmarkSparesAListAfterACompaction) {
  client_.Serve(WidgetRules());
  Create("a");
  Start();
  ASSERT_TRUE(client_.Create(kWidgets, MakeWidget({"default", "w"}, {{"size", 1}}), {}).ok());
  client_.SendBookmarks();
  client_.AwaitWatches(1);
  client_.Compact();
  client_.EndWatches();
  client_.AwaitWatches(1);
  Create("b");
  EXPECT_EQ(Await(2).back(), "ADDED b=1");
  EXPECT_EQ(client_.CountCalls(KubeVerb::kList), 1);
}

TEST_F(InformerTest, WhatIsTooOldIsListedAgainAndToldAsADifference) {
  for (const char* name : {"changed", "gone", "same"}) Create(name);
  Start();
  Await(3);
  // While the watch is down, history is lost.
  client_.OnCall([&, once = std::make_shared<bool>(true)](const FakeCall& call) {
    if (call.verb != KubeVerb::kWatch || !std::exchange(*once, false)) return;
    Change("changed", "2");
    Delete("gone");
    Create("new");
    client_.Compact();
  });
  client_.EndWatches(Unavailable("cut"));
  const auto changes = Await(6);
  EXPECT_EQ(std::vector<std::string>(changes.begin() + 3, changes.end()),
            (std::vector<std::string>{"MODIFIED changed=2", "ADDED new=1", "DELETED gone=1"}));
  EXPECT_EQ(informer_->counts().lists.load(), 2U);
}

TEST_F(InformerTest, AnObjectMadeAnewUnderItsNameIsADeletionAndAnAddition) {
  ObjectStore store;
  Json object = MakeConfigMap({"default", "a"}, {});
  object["metadata"]["uid"] = "1";
  object["metadata"]["resourceVersion"] = "1";
  EXPECT_EQ(store.Put({object}).size(), 1U);
  EXPECT_TRUE(store.Put({object}).empty());
  object["metadata"]["uid"] = "2";
  object["metadata"]["resourceVersion"] = "9";
  const auto changes = store.Put({object});
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].kind, WatchEvent::Kind::kDeleted);
  EXPECT_EQ(UidOf(*changes[0].object), "1");
  EXPECT_EQ(changes[1].kind, WatchEvent::Kind::kAdded);
}

// An object as it was at `version`.
Json At(const std::string& uid, const std::string& version) {
  Json object = MakeConfigMap({"default", "a"}, {});
  object["metadata"]["uid"] = uid;
  object["metadata"]["resourceVersion"] = version;
  return object;
}

TEST_F(InformerTest, TheLateEndOfAnOldObjectSparesTheNewOne) {
  ObjectStore store;
  store.Put({At("old", "1")});
  store.Put({At("new", "9")});
  EXPECT_TRUE(store.Take({WatchEvent::Kind::kDeleted, At("old", "5")}).empty());
  ASSERT_NE(store.Get({"default", "a"}), nullptr);
  EXPECT_EQ(UidOf(*store.Get({"default", "a"})), "new");
  EXPECT_EQ(store.Take({WatchEvent::Kind::kDeleted, At("new", "10")}).size(), 1U);
  EXPECT_EQ(store.size(), 0U);
}

TEST_F(InformerTest, EventsThatAreToldAgainEndWhereTheyEnded) {
  const std::vector<WatchEvent> events = {{WatchEvent::Kind::kAdded, At("old", "1")},
                                          {WatchEvent::Kind::kModified, At("old", "2")},
                                          {WatchEvent::Kind::kDeleted, At("old", "3")},
                                          {WatchEvent::Kind::kAdded, At("new", "4")},
                                          {WatchEvent::Kind::kModified, At("new", "5")}};
  // From each of them on, as a watch that begins at an earlier version than the list's.
  for (size_t from = 0; from < events.size(); ++from) {
    ObjectStore store;
    store.Put({At("new", "5")});
    for (size_t i = from; i < events.size(); ++i) store.Take(events[i]);
    ASSERT_EQ(store.size(), 1U);
    EXPECT_EQ(*store.Get({"default", "a"}), At("new", "5")) << from;
  }
}

TEST_F(InformerTest, WhatAnEtcdThatWasRestoredSaysIsBelieved) {
  ObjectStore store;
  store.Put({At("same", "9")});
  const auto changes = store.Put({At("same", "5")});
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(ResourceVersionOf(*store.Get({"default", "a"})), "5");
}

TEST_F(InformerTest, AStoreOfIdentitiesTellsEachObjectWholeOnce) {
  ObjectStore store(KeepObjects::kIdentity);
  Json object = MakeConfigMap({"default", "a"}, {{"key", "value"}});
  object["metadata"]["uid"] = "1";
  object["metadata"]["resourceVersion"] = "1";
  const auto added = store.Put({object});
  ASSERT_EQ(added.size(), 1U);
  EXPECT_EQ(*added[0].object, object);
  EXPECT_TRUE(store.Put({object}).empty());
  EXPECT_FALSE(store.Get({"default", "a"})->contains("data"));
  const auto gone = store.Retain({});
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(NameOf(*gone[0].object), (ObjectName{"default", "a"}));
}

TEST_F(InformerTest, AListThatFailsIsTriedAgainAsTheServerAsks) {
  client_.FailNext(KubeVerb::kList, ResourceExhausted("slow down").WithRetryAfter(milliseconds(7000)));
  Create("a");
  Start();
  EXPECT_EQ(Await(1), std::vector<std::string>{"ADDED a=1"});
  const auto pauses = AwaitPauses(1);
  ASSERT_EQ(pauses.size(), 1U);
  EXPECT_EQ(pauses[0], milliseconds(7000));
}

TEST_F(InformerTest, AListThatIsForbiddenIsTriedUntilItIsAllowed) {
  const Status forbidden = PermissionDenied("list configmaps: User \"x\" cannot list resource \"configmaps\"");
  client_.FailNext(KubeVerb::kList, forbidden, 4);
  Create("a");
  Start();
  EXPECT_EQ(Await(1), std::vector<std::string>{"ADDED a=1"});
  const auto pauses = AwaitPauses(4);
  ASSERT_EQ(pauses.size(), 4U);
  EXPECT_GE(pauses[3], milliseconds(3200)) << "each a step longer";
  EXPECT_EQ(Problems(), std::vector<Status>(4, forbidden));
  EXPECT_EQ(informer_->problem(), OkStatus());
  ASSERT_EQ(Lost().size(), 1U) << "the same is said once";
  EXPECT_NE(Lost()[0].find("PERMISSION_DENIED: list configmaps"), std::string::npos) << Lost()[0];
  EXPECT_EQ(Back(), 1U);
}

TEST_F(InformerTest, AWatchThatIsForbiddenIsTriedUntilItIsAllowedWithoutAList) {
  Create("a");
  Start();
  client_.FailNext(KubeVerb::kWatch, PermissionDenied("watch configmaps: no"), 3);
  client_.EndWatches();
  AwaitPauses(3);
  Create("b");
  EXPECT_EQ(Await(2).back(), "ADDED b=1");
  EXPECT_EQ(client_.CountCalls(KubeVerb::kList), 1);
  EXPECT_EQ(Lost().size(), 1U);
}

TEST_F(InformerTest, ATypeThatIsNotServedYetIsWaitedFor) {
  {
    MutexLock lock(mutex_);
    serve_after_ = 3;
  }
  Start(kWidgets);
  ASSERT_TRUE(client_.Create(kWidgets, MakeWidget({"default", "w"}, {{"size", 1}}), {}).ok());
  Await(1);
  EXPECT_EQ(informer_->store().size(), 1U);
  ASSERT_EQ(Lost().size(), 1U) << "it is said once";
  EXPECT_NE(Lost()[0].find("widgets.test.ballast.dev"), std::string::npos) << Lost()[0];
  EXPECT_NE(Lost()[0].find("NOT_FOUND"), std::string::npos) << Lost()[0];
  EXPECT_EQ(Back(), 1U);
}

TEST_F(InformerTest, ATypeThatGoesAndComesBackIsListedAnew) {
  Create("a");
  Start();
  client_.FailNext(KubeVerb::kWatch, NotFound("the server could not find the requested resource"), 2);
  client_.OnCall([&](const FakeCall& call) {
    if (call.verb != KubeVerb::kWatch || client_.CountCalls(KubeVerb::kWatch) != 3) return;
    Delete("a");
    client_.Compact();
  });
  client_.EndWatches();
  EXPECT_EQ(Await(2).back(), "DELETED a=1");
  EXPECT_EQ(informer_->counts().lists.load(), 2U);
}

TEST_F(InformerTest, AnObjectOfAMebibyteIsListedAndFollowed) {
  const std::string large(1 << 20, '<');
  Create("a", large);
  Start();
  Change("a", "1" + large.substr(1));
  Create("b", large);
  EXPECT_EQ(Await(3).back(), "ADDED b=" + large);
  EXPECT_EQ(StringAt(*informer_->store().Get({"default", "a"}), "/data/a"), "1" + large.substr(1));
}

TEST_F(InformerTest, APageOfMoreBytesThanAClientTakesIsAskedForInHalves) {
  for (const char* name : {"a", "b", "c"}) Create(name);
  client_.FailNext(KubeVerb::kList, DataLoss("an answer of more than 256.0 MiB"));
  Start();
  EXPECT_EQ(informer_->store().size(), 3U);
  EXPECT_EQ(client_.CountCalls(KubeVerb::kList), 4) << "pages of two, then of one";
}

TEST_F(InformerTest, AStopEndsTheWatchAndTheWaitForASync) {
  Start();
  informer_.reset();
  Informer never(client_, kConfigMaps, {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(never.AwaitSync(stop.get_token()));
}

}  // namespace
}  // namespace ballast
