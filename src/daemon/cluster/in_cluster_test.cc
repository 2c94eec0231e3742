// A daemon that follows its CacheNode, from the object to the mountable view and back to the object's status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <thread>

#include "daemon/testing/cluster_fixture.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

using InClusterTest = ClusterFixture;

TEST_F(InClusterTest, ACacheNodeAppearsAndItsModelIsFetchedAndReportedInTwoWrites) {
  Start();
  WriteEntries({Entry()});
  AwaitPhase("llama", CachePhase::kReady);
  const CacheNodeStatus status = NodeStatus();
  EXPECT_EQ(status.observed_generation, 1);
  EXPECT_EQ(status.summary.caches, "1/1");
  EXPECT_EQ(status.agent.version, "1.2.3");
  EXPECT_EQ(status.agent.store_format, kStoreFormat);
  EXPECT_EQ(status.caches[0].bytes, weights_.size() + 2);
  EXPECT_EQ(FindCondition(status.conditions, ConditionType::kReady)->status, ConditionStatus::kTrue);
  EXPECT_LE(StatusWrites(), 2);
}

TEST_F(InClusterTest, AnEntryThatIsNotPinnedComesWhenAPodMountsIt) {
  CacheEntry entry = Entry();
  entry.pinned = false;
  WriteEntries({entry});
  Start();
  AwaitPhase("llama", CachePhase::kWaiting);
  EXPECT_EQ(origin_.resolves(), 0);
  const Prepared prepared = Prepare(PodVolume("llama", "v1"));
  ASSERT_TRUE(prepared.status.ok()) << prepared.status.error_message();
  EXPECT_EQ(prepared.ready.manifest(), manifest_.ToString());
  EXPECT_EQ(prepared.ready.commit(), commit_);
  EXPECT_EQ(Content(prepared.ready.view(), "model.safetensors"), weights_);
  AwaitPhase("llama", CachePhase::kReady);
}

TEST_F(InClusterTest, WithoutAnApiserverTheLastCacheNodeOnDiskCounts) {
  WriteEntries({Entry()});
  Start();
  AwaitPhase("llama", CachePhase::kReady);
  Stop();
  kube_.FailNext(KubeVerb::kList, Unavailable("the apiserver is down"), 1000);
  Start();
  EXPECT_TRUE(Prepare(PodVolume("llama", "v1")).status.ok());
}

TEST_F(InClusterTest, APinnedModelIsFetchedWithoutAnApiserver) {
  CacheEntry entry = Entry();
  entry.pinned = false;
  WriteEntries({entry});
  Start();
  AwaitPhase("llama", CachePhase::kWaiting);
  WriteEntries({Entry()});
  AwaitPhase("llama", CachePhase::kReady);
  Stop();
  std::filesystem::remove_all(root_ / "cache/blobs");
  std::filesystem::remove_all(root_ / "cache/manifests");
  kube_.FailNext(KubeVerb::kList, Unavailable("the apiserver is down"), 1000);
  Start();
  WaitUntil([&] { return List().size() == 1 && List()[0].phase() == "ready"; });
}

TEST_F(InClusterTest, APodWaitsForTheOperatorWhoAnswersWithAnEntry) {
  WriteSpec({});
  Start();
  Prepared prepared;
  {
    std::jthread pod([&] { prepared = Prepare(PodVolume("llama", "v1")); });
    AwaitStatus([](const CacheNodeStatus& status) { return !status.wanted.empty(); });
    const WantedCache wanted = NodeStatus().wanted[0];
    EXPECT_EQ(wanted.cache, "llama");
    EXPECT_EQ(wanted.pod_namespace, "team");
    EXPECT_EQ(Leases().size(), 1U) << "the kubelet comes back for it";
    CacheEntry entry = Entry();
    entry.pinned = false;
    WriteEntries({entry});
  }
  EXPECT_TRUE(prepared.status.ok()) << prepared.status.error_message();
  EXPECT_EQ(prepared.ready.manifest(), manifest_.ToString());
  AwaitStatus([](const CacheNodeStatus& status) { return status.wanted.empty(); });
}

TEST_F(InClusterTest, ARefusalReachesThePodWithItsText) {
  WriteSpec({});
  Start();
  Prepared prepared;
  {
    std::jthread pod([&] { prepared = Prepare(PodVolume("llama", "v1")); });
    AwaitStatus([](const CacheNodeStatus& status) { return !status.wanted.empty(); });
    WriteSpec({.refused = {{"llama", "NotAllowed", "not for namespace team"}}});
  }
  EXPECT_EQ(prepared.status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(prepared.status.error_message(), HasSubstr("not for namespace team"));
  EXPECT_TRUE(Leases().empty()) << "a final error takes the lease with it";
}

TEST_F(InClusterTest, ANamespaceThatIsNotListedIsRefusedAlthoughTheBytesAreHere) {
  CacheEntry entry = Entry();
  entry.namespaces = {"team"};
  WriteEntries({entry});
  Start();
  AwaitPhase("llama", CachePhase::kReady);
  EXPECT_TRUE(Prepare(PodVolume("llama", "v1", "team")).status.ok());
  EXPECT_EQ(Prepare(PodVolume("llama", "v2", "other")).status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(InClusterTest, OtherBytesThanTheClusterAgreedOnAreADigestMismatch) {
  CacheEntry entry = Entry();
  entry.manifest = Digest::Of("another").ToString();
  WriteEntries({entry});
  Start();
  AwaitPhase("llama", CachePhase::kFailed);
  EXPECT_EQ(NodeStatus().caches[0].reason, "DigestMismatch");
  EXPECT_THAT(NodeStatus().caches[0].message, HasSubstr(manifest_.ToString()));
}

TEST_F(InClusterTest, AnotherOwnerIsAnotherNode) {
  WriteEntries({Entry()});
  Start();
  AwaitPhase("llama", CachePhase::kReady);
  ASSERT_TRUE(kube_.Delete(kCacheNodes, {"", "n1"}, {}, {}).ok());
  node_uid_ = "node-uid-2";
  WriteSpec({});
  AwaitStatus([](const CacheNodeStatus& status) { return status.observed_generation == 1 && status.caches.empty(); });
  EXPECT_EQ(NodeStatus().summary.caches, "0/0");
}

TEST_F(InClusterTest, AConflictIsObservedAgainAndNeverForced) {
  Start();
  int conflicts = 3;
  kube_.OnCall([&](const FakeCall& call) {
    if (call.verb != KubeVerb::kPatch || conflicts-- <= 0) return;
    Json object = kube_.Get(kCacheNodes, {"", "n1"}, {}).value();
    object["metadata"]["labels"]["round"] = std::to_string(conflicts);
    BALLAST_CHECK(kube_.Update(kCacheNodes, object, {}).ok());
  });
  WriteEntries({Entry()});
  AwaitPhase("llama", CachePhase::kReady);
  kube_.OnCall({});
}

TEST_F(InClusterTest, APolicyIsInEffectWithoutARestart) {
  WriteSpec({.policy = {.name = "default", .quota_bytes = 1 << 20}});
  Start();
  AwaitStatus([](const CacheNodeStatus& status) { return status.disk.quota_bytes == 1 << 20; });
  CacheNodeSpec spec{.caches = {Entry()}, .policy = {.name = "default", .quota_bytes = 1 << 20}};
  WriteSpec(spec);
  AwaitPhase("llama", CachePhase::kFailed);
  EXPECT_EQ(NodeStatus().caches[0].reason, "NodeTooSmall");
  spec.policy.quota_bytes = 100 << 20;
  WriteSpec(spec);
  AwaitPhase("llama", CachePhase::kReady);
}

TEST_F(InClusterTest, NothingIsWrittenWhereNothingChanges) {
  WriteEntries({Entry()});
  Start();
  AwaitPhase("llama", CachePhase::kReady);
  const int writes = StatusWrites();
  kube_.EndWatches();
  kube_.AwaitWatches(2);
  for (const char* id : {"v1", "v2", "v3"}) EXPECT_TRUE(Prepare(PodVolume("llama", id)).status.ok());
  EXPECT_EQ(StatusWrites(), writes);
}

TEST_F(InClusterTest, APodIsToldWhatItWaitsForAndWhatItGot) {
  CacheEntry entry = Entry();
  entry.pinned = false;
  WriteEntries({entry});
  Start();
  AwaitPhase("llama", CachePhase::kWaiting);
  cache::v1::PrepareRequest request = PodVolume("llama", "v1");
  request.set_asked_to_write(true);
  ASSERT_TRUE(Prepare(request).status.ok());
  std::map<std::string, Json> events;
  WaitUntil([&] {
    events.clear();
    const ListPage page = ListAll(kube_, kEvents, {.ns = "team"}, {}).value();
    for (const Json& event : page.items) events[StringAt(event, "/reason")] = event;
    return events.size() == 3;
  });
  EXPECT_THAT(StringAt(events["ModelWarming"], "/note"), HasSubstr("is warming"));
  EXPECT_THAT(StringAt(events["ModelMounted"], "/note"), HasSubstr(commit_));
  EXPECT_THAT(StringAt(events["MountedReadOnly"], "/note"), HasSubstr("readOnly: true"));
  EXPECT_EQ(StringAt(events["ModelMounted"], "/regarding/uid"), "uid-v1");
  EXPECT_EQ(StringAt(events["ModelMounted"], "/regarding/name"), "v1");
}

TEST_F(InClusterTest, AnEarlyVolumeOfAnEntryIsReadyAtOnceAndCompletesLater) {
  CacheEntry entry = Entry();
  entry.pinned = false;
  WriteEntries({entry});
  Start();
  AwaitPhase("llama", CachePhase::kWaiting);
  origin_.HoldRead("model.safetensors", kMiB);
  cache::v1::PrepareRequest request = PodVolume("llama", "v1");
  request.set_early(true);
  request.set_manifest(manifest_.ToString());
  const Prepared prepared = Prepare(request);
  ASSERT_TRUE(prepared.status.ok()) << prepared.status.error_message();
  origin_.AwaitHeld();
  origin_.Continue();
  WaitUntil([&] { return Content(prepared.ready.view(), "model.safetensors") == weights_; });
  AwaitPhase("llama", CachePhase::kReady);
}

// An entry of hf://org/b, 3 MiB, that no pod has asked for yet.
CacheEntry OnDemand(FakeOrigin& origin) {
  const std::string bytes = Weights(3 * kMiB, 2);
  const std::string commit = origin.Put("hf://org/b", {{.path = "w.bin", .content = bytes}});
  const Digest manifest = Manifest::Make({{SafePath::Parse("w.bin").value(), Digest::Of(bytes), bytes.size()}})->Id();
  return {.cache = "second",
          .manifest = manifest.ToString(),
          .source = "hf://org/b@" + commit,
          .current = true,
          .namespaces = {"*"}};
}

bool Holds(const CacheNodeStatus& status, ConditionType type) {
  const Condition* condition = FindCondition(status.conditions, type);
  return condition != nullptr && condition->status == ConditionStatus::kTrue;
}

TEST_F(InClusterTest, AQuotaThatIsLoweredTakesEffectWithoutARestartAndLeavesWhatIsWanted) {
  CacheNodeSpec spec{.caches = {Entry(), OnDemand(origin_)}};
  spec.policy.high_threshold_percent = 100;
  spec.policy.low_threshold_percent = 99;
  setup_.disk_look = std::chrono::hours(1);
  WriteSpec(spec);
  Start();
  AwaitPhase("llama", CachePhase::kReady);
  ASSERT_TRUE(Prepare(PodVolume("second", "v1")).status.ok());
  spec.policy.quota_bytes = kMiB;
  WriteSpec(spec);
  AwaitStatus([](const CacheNodeStatus& status) { return Holds(status, ConditionType::kQuotaExceeded); });
  EXPECT_EQ(List().size(), 2U) << "one is wanted, the other is mounted";
  ASSERT_TRUE(Release("v1").ok());
  EXPECT_EQ(CollectGarbage().evictions_size(), 1);
  AwaitPhase("second", CachePhase::kWaiting);
  AwaitPhase("llama", CachePhase::kReady);
  WaitUntil([&] { return HasEvent("ModelsEvicted", "hf://org/b@"); });
}

TEST_F(InClusterTest, APolicyThatLowersTheQuotaEvictsAtOnce) {
  CacheNodeSpec spec{.caches = {Entry(), OnDemand(origin_)}};
  spec.policy.high_threshold_percent = 100;
  spec.policy.low_threshold_percent = 99;
  setup_.disk_look = std::chrono::hours(1);  // only the change is a reason
  WriteSpec(spec);
  Start();
  AwaitPhase("llama", CachePhase::kReady);
  ASSERT_TRUE(Prepare(PodVolume("second", "v1")).status.ok());
  ASSERT_TRUE(Release("v1").ok());
  spec.policy.quota_bytes = 6 * kMiB;
  WriteSpec(spec);
  WaitUntil([&] { return List().size() == 1; });
  AwaitPhase("second", CachePhase::kWaiting);
}

TEST_F(InClusterTest, AFileSystemThatStaysTooFullIsUnderPressureAndNothingWantedGoes) {
  WriteEntries({Entry()});
  Start();
  AwaitPhase("llama", CachePhase::kReady);
  CacheNodeSpec spec{.caches = {Entry()}};
  spec.policy.high_threshold_percent = 1;
  spec.policy.low_threshold_percent = 0;
  WriteSpec(spec);
  WaitUntil([&] { return CollectGarbage().missing_bytes() > 0; });
  spec.policy.upload = 1 << 30;  // a change makes the agent look
  WriteSpec(spec);
  AwaitStatus([](const CacheNodeStatus& status) { return Holds(status, ConditionType::kDiskPressure); });
  AwaitPhase("llama", CachePhase::kReady);
}

TEST_F(InClusterTest, ADamagedFileIsFetchedAgainAndThePodThatHasItMountedIsTold) {
  config_.eviction.scrub_bytes_per_second = 0;
  WriteEntries({Entry()});
  Start();
  AwaitPhase("llama", CachePhase::kReady);
  ASSERT_TRUE(Prepare(PodVolume("llama", "v1")).status.ok());
  Stop();
  FlipABit(Digest::Of(weights_));
  config_.eviction.scrub_bytes_per_second = 1 << 30;
  const uint64_t before = origin_.bytes_delivered();
  Start();
  WaitUntil([&] { return HasEvent("ModelDamaged", Digest::Of(weights_).ToString()); });
  WaitUntil([&] { return origin_.bytes_delivered() == before + weights_.size(); });
  WaitUntil([&] { return Prepare(PodVolume("llama", "v2")).status.ok(); });
  EXPECT_EQ(Content(Prepare(PodVolume("llama", "v2")).ready.view(), "model.safetensors"), weights_);
}

}  // namespace
}  // namespace ballast
