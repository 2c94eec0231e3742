#include "kube/informer.h"
#include "kube/testing/kube_conformance.h"

namespace ballast {

TEST_P(KubeConformanceTest, AWatchTellsWhatHappensAfterItsVersion) {
  CreateConfigMap("before");
  WatchRecorder watch(client(), kConfigMaps, WatchFrom(ListVersion(kConfigMaps)));
  CreateConfigMap("a");
  const Json changed = Patch(kConfigMaps, "a", {{"data", {{"a", "2"}}}});
  ASSERT_EQ(client().Delete(kConfigMaps, Named("a"), {}, {}), OkStatus());
  EXPECT_EQ(watch.AwaitNames(3), (std::vector<std::string>{"ADDED a", "MODIFIED a", "DELETED a"}));
  const auto events = watch.Await(3);
  EXPECT_EQ(events[1].object, changed);
  EXPECT_NE(ResourceVersionOf(events[2].object), ResourceVersionOf(changed));
}

TEST_P(KubeConformanceTest, AWatchGoesOnFromAnyEvent) {
  const std::string begin = ListVersion(kConfigMaps);
  const std::string middle = ResourceVersionOf(CreateConfigMap("a"));
  CreateConfigMap("b");
  WatchRecorder from_begin(client(), kConfigMaps, WatchFrom(begin));
  WatchRecorder from_middle(client(), kConfigMaps, WatchFrom(middle));
  EXPECT_EQ(from_begin.AwaitNames(2), (std::vector<std::string>{"ADDED a", "ADDED b"}));
  EXPECT_EQ(from_middle.AwaitNames(1), (std::vector<std::string>{"ADDED b"}));
}

TEST_P(KubeConformanceTest, WhatLeavesASelectionIsDeletedForItsWatch) {
  WatchRequest request = WatchFrom(ListVersion(kConfigMaps));
  request.label_selector = "tier=x";
  WatchRecorder watch(client(), kConfigMaps, request);
  CreateConfigMap("other");
  CreateConfigMap("a");
  Patch(kConfigMaps, "a", {{"metadata", {{"labels", {{"tier", "x"}}}}}});
  Patch(kConfigMaps, "a", {{"metadata", {{"labels", {{"tier", "y"}}}}}});
  EXPECT_EQ(watch.AwaitNames(2), (std::vector<std::string>{"ADDED a", "DELETED a"}));
}

// The most that an apiserver keeps in a ConfigMap, of a character that it writes as six bytes.
TEST_P(KubeConformanceTest, AnObjectOfAMebibyteIsReadListedAndWatched) {
  const std::string large(1 << 20, '<');
  WatchRecorder watch(client(), kConfigMaps, WatchFrom(ListVersion(kConfigMaps)));
  const Json created = CreateConfigMap("a", {{"a", large}});
  EXPECT_TRUE(StringAt(created, "/data/a") == large);
  EXPECT_TRUE(Get(kConfigMaps, "a") == created);
  EXPECT_TRUE(watch.Await(1).at(0).object == created);
  Informer informer(client(), kConfigMaps, {.ns = ns_});
  informer.Start();
  ASSERT_TRUE(informer.AwaitSync({}));
  ASSERT_NE(informer.store().Get(Named("a")), nullptr);
  EXPECT_TRUE(*informer.store().Get(Named("a")) == created);
}

TEST_P(KubeConformanceTest, AWatchShowsADeletionThatIsHeldUp) {
  Json widget = MakeWidget(Named("a"), {{"size", 1}});
  widget["metadata"]["finalizers"] = {"ballast.dev/one"};
  Create(kWidgets, widget);
  WatchRecorder watch(client(), kWidgets, WatchFrom(ListVersion(kWidgets)));
  ASSERT_EQ(client().Delete(kWidgets, Named("a"), {}, {}), OkStatus());
  Patch(kWidgets, "a", {{"metadata", {{"finalizers", nullptr}}}});
  EXPECT_EQ(watch.AwaitNames(2), (std::vector<std::string>{"MODIFIED a", "DELETED a"}));
  EXPECT_TRUE(IsBeingDeleted(watch.Await(1)[0].object));
}

TEST_P(KubeConformanceTest, AWatchThatIsStoppedEndsAtOnce) {
  WatchRecorder watch(client(), kConfigMaps, WatchFrom(ListVersion(kConfigMaps)));
  CreateConfigMap("a");
  watch.Await(1);
  watch.RequestStop();
  EXPECT_EQ(watch.AwaitEnd().code(), StatusCode::kCancelled);
}

TEST_P(KubeConformanceTest, AWatchEndsInPeaceAfterItsTimeout) {
  WatchRequest request = WatchFrom(ListVersion(kConfigMaps));
  request.field_selector = "metadata.name=a";
  request.timeout = std::chrono::seconds(4);
  WatchRecorder watch(client(), kConfigMaps, request);
  CreateConfigMap("a");
  EXPECT_EQ(watch.AwaitNames(1), std::vector<std::string>{"ADDED a"});
  const std::string unseen = ResourceVersionOf(CreateConfigMap("b"));
  under_test_->PassWatchTimeout();
  EXPECT_EQ(watch.AwaitEnd(), OkStatus());
  // An apiserver promises no bookmark.
  const WatchEvent last = watch.Await(0).back();
  EXPECT_EQ(last.kind == WatchEvent::Kind::kBookmark ? ResourceVersionOf(last.object) : unseen, unseen);
}

TEST_P(KubeConformanceTest, AWatchFromLongAgoIsOutOfRange) {
  // Of the younger of the two types: an apiserver remembers what happened to a type since it serves it.
  WatchRecorder watch(client(), kWidgets, WatchFrom("1"));
  EXPECT_EQ(watch.AwaitEnd().code(), StatusCode::kOutOfRange) << watch.AwaitEnd();
}

TEST_P(KubeConformanceTest, AWatchFromNowhereIsRefused) {
  WatchRecorder watch(client(), kConfigMaps, WatchFrom(""));
  EXPECT_EQ(watch.AwaitEnd().code(), StatusCode::kInvalidArgument) << watch.AwaitEnd();
}

TEST_P(KubeConformanceTest, AnErrorOfTheSinkEndsTheWatchWithThatError) {
  const std::string version = ListVersion(kConfigMaps);
  CreateConfigMap("a");
  CreateConfigMap("b");
  int calls = 0;
  const auto sink = [&](const WatchEvent&) { return ++calls, DataLoss("enough"); };
  EXPECT_EQ(client().Watch(kConfigMaps, WatchFrom(version), sink, {}), DataLoss("enough"));
  EXPECT_EQ(calls, 1);
}

}  // namespace ballast
