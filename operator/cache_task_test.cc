#include "operator/cache_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "operator/testing/operator_fixture.h"

namespace ballast::controller {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kGiB = uint64_t{1} << 30;

class CacheTaskTest : public OperatorFixture {};

TEST_F(CacheTaskTest, ACacheReachesItsNodesAndBecomesReady) {
  AddNodes({"a", "b"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  const ModelCache warming = Cache("llama");
  EXPECT_EQ(warming.status.revision.current.commit, "c1");
  EXPECT_EQ(warming.status.nodes, (NodeCounts{.desired = 2}));
  EXPECT_EQ(StatusOf(warming, ConditionType::kReady), ConditionStatus::kFalse);
  EXPECT_EQ(warming.status.summary.ready, "0/2");
  const CacheNode node = NodeOf("a");
  const CacheEntry* entry = EntryOf(node, "llama", "c1");
  ASSERT_NE(entry, nullptr);
  EXPECT_TRUE(entry->pinned);
  EXPECT_TRUE(entry->current);
  EXPECT_EQ(entry->source, "hf://org/llama@c1");
  EXPECT_EQ(entry->namespaces, std::vector<std::string>{"*"});
  EXPECT_EQ(node.metadata.owner_references.front().kind, "Node");
  AgentReports("a");
  AgentReports("b");
  Settle();
  Pass(seconds(10));
  const ModelCache ready = Cache("llama");
  EXPECT_EQ(StatusOf(ready, ConditionType::kReady), ConditionStatus::kTrue);
  EXPECT_EQ(StatusOf(ready, ConditionType::kAvailable), ConditionStatus::kTrue);
  EXPECT_EQ(StatusOf(ready, ConditionType::kProgressing), ConditionStatus::kFalse);
  EXPECT_EQ(ready.status.summary.ready, "2/2");
  EXPECT_EQ(ready.status.summary.progress, "100%");
}

TEST_F(CacheTaskTest, WhenNothingChangesNothingIsWritten) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  AgentReports("a");
  Settle();
  Pass(seconds(20));
  const auto writes = [&] {
    const auto calls = client_.calls();
    return std::count_if(calls.begin(), calls.end(), IsWrite);
  };
  const auto before = writes();
  Pass(seconds(60));
  Pass(minutes(10));
  EXPECT_EQ(writes(), before);
  Lead();
  EXPECT_EQ(writes(), before) << "a new leader finds everything as it shall be";
}

TEST_F(CacheTaskTest, ANodeThatJoinsIsTold) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  AddNodes({"late"});
  Settle();
  EXPECT_NE(EntryOf(NodeOf("late"), "llama", "c1"), nullptr);
}

TEST_F(CacheTaskTest, AnUpdateThatRacesWithAnAgentIsMadeAgain) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  hub_.Put("hf://org/qwen", "q1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  // The agent writes its status just before the operator's update arrives.
  client_.OnCall([&, once = std::make_shared<bool>(true)](const FakeCall& call) {
    if (call.verb == KubeVerb::kUpdate && call.resource == kCacheNodes && std::exchange(*once, false))
      AgentReports("a");
  });
  Apply(MakeCache("qwen"));
  Settle();
  Pass(seconds(1));
  EXPECT_NE(EntryOf(NodeOf("a"), "qwen", "q1"), nullptr);
  EXPECT_EQ(NodeOf("a").status.caches.size(), 1U) << "and what it wrote stays";
}

TEST_F(CacheTaskTest, ANodeMadeAnewGetsANewCacheNode) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  AgentReports("a");
  const std::string old = NodeOf("a").metadata.uid;
  ASSERT_TRUE(client_.Delete(kNodes, {"", "a"}, {}, {}).ok());
  Create(kNodes, MakeNode({.name = "a"}));
  Settle();
  const CacheNode node = NodeOf("a");
  EXPECT_NE(node.metadata.uid, old);
  EXPECT_TRUE(node.status.caches.empty());
  EXPECT_NE(EntryOf(node, "llama", "c1"), nullptr);
}

TEST_F(CacheTaskTest, ADeletedCacheIsLetGoAndThenGone) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  AgentReports("a");
  Settle();
  ASSERT_TRUE(client_.Delete(kClusterModelCaches, {"", "llama"}, {}, {}).ok());
  Settle();
  EXPECT_TRUE(NodeOf("a").spec.caches.empty());
  EXPECT_EQ(client_.Get(kClusterModelCaches, {"", "llama"}, {}).status().code(), StatusCode::kNotFound);
}

TEST_F(CacheTaskTest, OnDeleteKeepLeavesCopiesThatNobodyMayMount) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  ModelCache cache = MakeCache("llama");
  cache.spec.gc.on_delete = OnDelete::kKeep;
  Apply(cache);
  Lead();
  AgentReports("a");
  Settle();
  ASSERT_TRUE(client_.Delete(kClusterModelCaches, {"", "llama"}, {}, {}).ok());
  Settle();
  EXPECT_EQ(client_.Get(kClusterModelCaches, {"", "llama"}, {}).status().code(), StatusCode::kNotFound);
  const CacheNode node = NodeOf("a");
  ASSERT_EQ(node.spec.caches.size(), 1U);
  EXPECT_FALSE(node.spec.caches[0].pinned);
  EXPECT_TRUE(node.spec.caches[0].namespaces.empty());
}

TEST_F(CacheTaskTest, AnotherLeaderKnowsFromTheStatusWhatABranchWas) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  ASSERT_EQ(hub_.known().size(), 1U);
  EXPECT_FALSE(hub_.known().front());
  Lead();
  Pass(config_.poll);
  ASSERT_EQ(hub_.known().size(), 2U);
  ASSERT_TRUE(hub_.known().back());
  EXPECT_EQ(hub_.known().back()->commit, "c1");
  EXPECT_EQ(hub_.known().back()->manifest, FakeRevisions::Manifest("c1"));
}

TEST_F(CacheTaskTest, ABranchThatMovesIsSaidAndNotFollowed) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  AgentReports("a");
  Settle();
  hub_.Put("hf://org/llama", "c2", kGiB);
  Pass(minutes(6));
  const ModelCache cache = Cache("llama");
  EXPECT_EQ(cache.status.revision.current.commit, "c1");
  EXPECT_EQ(ReasonOf(cache, ConditionType::kSourceDrifted), "RevisionMoved");
  EXPECT_THAT(MessageOf(cache, ConditionType::kSourceDrifted), HasSubstr("main is c2 now"));
  EXPECT_EQ(NodeOf("a").spec.caches.size(), 1U);
}

TEST_F(CacheTaskTest, AutomaticWarmsTheNewRevisionBesideTheOldAndThenMoves) {
  AddNodes({"a", "b"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  ModelCache cache = MakeCache("llama");
  cache.spec.update_policy.type = UpdateType::kAutomatic;
  Apply(cache);
  Lead();
  AgentReports("a");
  AgentReports("b");
  Settle();
  hub_.Put("hf://org/llama", "c2", kGiB);
  Pass(minutes(6));
  EXPECT_EQ(Cache("llama").status.revision.current.commit, "c1");
  EXPECT_EQ(Cache("llama").status.revision.next->commit, "c2");
  CacheNode node = NodeOf("a");
  EXPECT_TRUE(EntryOf(node, "llama", "c1")->current);
  EXPECT_TRUE(EntryOf(node, "llama", "c2")->pinned);
  EXPECT_FALSE(EntryOf(node, "llama", "c2")->current);
  AgentReports("a");
  Settle();
  EXPECT_EQ(Cache("llama").status.revision.current.commit, "c1") << "b does not have it yet";
  AgentReports("b");
  Settle();
  EXPECT_EQ(Cache("llama").status.revision.current.commit, "c2");
  EXPECT_EQ(Cache("llama").status.revision.previous.front().commit, "c1");
  node = NodeOf("a");
  EXPECT_TRUE(EntryOf(node, "llama", "c2")->current);
  EXPECT_FALSE(EntryOf(node, "llama", "c1")->pinned) << "it may stay, and may go";
}

TEST_F(CacheTaskTest, ANodeThatMayHaveNoCopyKeepsNobodyFromTheNewRevision) {
  AddNodes({"a", "b"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  ModelCache cache = MakeCache("llama");
  cache.spec.update_policy.type = UpdateType::kAutomatic;
  cache.spec.gc.cluster_quota = 2 * kGiB;  // both revisions on one node, and then nothing for the other
  Apply(cache);
  Lead();
  AgentReports("a");
  Settle();
  hub_.Put("hf://org/llama", "c2", kGiB);
  Pass(minutes(6));
  ASSERT_EQ(Cache("llama").status.revision.next->commit, "c2");
  ASSERT_EQ(ReasonOf(Cache("llama"), ConditionType::kQuotaExceeded), "ClusterQuotaExceeded");
  AgentReports("a");
  Settle();
  EXPECT_EQ(Cache("llama").status.revision.current.commit, "c2");
}

TEST_F(CacheTaskTest, AnotherRevisionInTheSpecIsWarmedBesideTheOld) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  hub_.Put("hf://org/llama@v2", "c2", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  AgentReports("a");
  Settle();
  PatchCache("llama", {{"source", {{"revision", "v2"}}}});
  Settle();
  EXPECT_EQ(Cache("llama").status.revision.next->commit, "c2");
  AgentReports("a");
  Settle();
  EXPECT_EQ(Cache("llama").status.revision.current.commit, "c2");
  EXPECT_EQ(Cache("llama").status.revision.requested, "v2");
}

TEST_F(CacheTaskTest, ATokenIsReadByConsent) {
  AddNodes({"a"});
  hub_.Put("hf://org/gated", "c1", kGiB);
  ModelCache cache = MakeCache("gated");
  cache.spec.source.token_secret_ref = SecretKeyRef{"hf-token", "HF_TOKEN", "team"};
  cache.spec.allowed_namespaces.emplace();
  client_.FailNext(KubeVerb::kGet, PermissionDenied("forbidden"));
  Apply(cache);
  Lead();
  ModelCache seen = Cache("gated");
  EXPECT_EQ(ReasonOf(seen, ConditionType::kSecretNotReadable), "SecretNotReadable");
  EXPECT_THAT(MessageOf(seen, ConditionType::kSecretNotReadable), HasSubstr("kind: RoleBinding"));
  EXPECT_THAT(MessageOf(seen, ConditionType::kSecretNotReadable), HasSubstr("resourceNames: [hf-token]"));
  Create(kSecrets, {{"apiVersion", "v1"},
                    {"kind", "Secret"},
                    {"metadata", {{"namespace", "team"}, {"name", "hf-token"}}},
                    {"data", {{"HF_TOKEN", "aGZfc2VjcmV0Cg=="}}}});
  Pass(minutes(1));
  EXPECT_THAT(hub_.tokens(), ElementsAre("hf_secret"));
  seen = Cache("gated");
  EXPECT_EQ(ReasonOf(seen, ConditionType::kSecretNotReadable), "SecretReadable");
  EXPECT_THAT(EntryOf(NodeOf("a"), "gated", "c1")->domain, testing::MatchesRegex("team/[0-9a-f]{8}"));
}

TEST_F(CacheTaskTest, WithoutATokenNoSecretIsSpokenOf) {
  AddNodes({"a"});
  hub_.Put("hf://org/gated", "c1", kGiB);
  ModelCache cache = MakeCache("gated");
  cache.spec.source.token_secret_ref = SecretKeyRef{"hf-token", "HF_TOKEN", "team"};
  cache.spec.allowed_namespaces.emplace();
  client_.FailNext(KubeVerb::kGet, PermissionDenied("forbidden"));
  Apply(cache);
  Lead();
  ASSERT_EQ(StatusOf(Cache("gated"), ConditionType::kSecretNotReadable), ConditionStatus::kTrue);
  PatchCache("gated", {{"source", {{"tokenSecretRef", nullptr}}}});
  Settle();
  EXPECT_EQ(Cache("gated").status.revision.current.commit, "c1");
  EXPECT_EQ(FindCondition(Cache("gated").status.conditions, ConditionType::kSecretNotReadable), nullptr);
}

TEST_F(CacheTaskTest, AHubThatIsAwayIsAskedAgainAndSaidMeanwhile) {
  AddNodes({"a"});
  hub_.Fail("hf://org/llama", Unavailable("connection refused"));
  Apply(MakeCache("llama"));
  Lead();
  EXPECT_EQ(ReasonOf(Cache("llama"), ConditionType::kDegraded), "OriginUnreachable");
  EXPECT_EQ(ReasonOf(Cache("llama"), ConditionType::kReady), "OriginUnreachable");
  hub_.Put("hf://org/llama", "c1", kGiB);
  Pass(seconds(6));
  EXPECT_EQ(Cache("llama").status.revision.current.commit, "c1");
  EXPECT_EQ(StatusOf(Cache("llama"), ConditionType::kDegraded), ConditionStatus::kFalse);
}

TEST_F(CacheTaskTest, WhatPodsAskForIsAnsweredOnce) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  ModelCache cache = MakeCache("llama");
  cache.spec.nodes.reset();
  LabelSelector serving{.match_labels = {{"tier", "serving"}}};
  cache.spec.allowed_namespaces = AllowedNamespaces{serving};
  Create(kNamespaces, MakeNamespace("web", {{"tier", "serving"}}));
  Apply(cache);
  Lead();
  EXPECT_TRUE(NodeOf("a").spec.caches.empty()) << "on demand only";
  EXPECT_EQ(ReasonOf(Cache("llama"), ConditionType::kReady), "OnDemand");
  AgentAsks("a", {.cache = "llama", .pod_namespace = "default"});
  AgentAsks("a", {.cache = "nothing", .pod_namespace = "web"});
  Settle();
  CacheNode node = NodeOf("a");
  ASSERT_EQ(node.spec.refused.size(), 2U);
  EXPECT_EQ(node.spec.refused[0].reason, "NotAllowed");
  EXPECT_THAT(node.spec.refused[0].message, HasSubstr("namespace default"));
  EXPECT_EQ(node.spec.refused[1].reason, "UnknownCache");
  AgentAsks("a", {.cache = "llama", .pod_namespace = "web"});
  Settle();
  node = NodeOf("a");
  const CacheEntry* entry = EntryOf(node, "llama", "c1");
  ASSERT_NE(entry, nullptr);
  EXPECT_FALSE(entry->pinned);
  EXPECT_TRUE(entry->current);
  EXPECT_EQ(entry->namespaces, std::vector<std::string>{"web"});
  CacheNodeStatus answered = node.status;
  answered.wanted.clear();
  answered.caches = {{.cache = "llama", .manifest = entry->manifest, .phase = CachePhase::kReady}};
  ASSERT_TRUE(
      client_.Patch(kCacheNodes, {"", "a"}, {{"status", {{"wanted", Json::array()}}}}, Subresource::kStatus, {}).ok());
  Settle();
  EXPECT_NE(EntryOf(NodeOf("a"), "llama", "c1"), nullptr) << "an answer stays";
  EXPECT_TRUE(NodeOf("a").spec.refused.empty());
}

TEST_F(CacheTaskTest, PoliciesOfOnePriorityAreSaidToConflict) {
  AddNodes({"a"});
  const auto policy = [](const std::string& name) {
    CachePolicy made;
    made.metadata.name = name;
    made.spec.disk.quota = 100 * kGiB;
    return ToJson(made);
  };
  Create(kCachePolicies, policy("old"));
  clock_.Advance(seconds(5));
  Create(kCachePolicies, policy("new"));
  Lead();
  const auto read = [&](const std::string& name) {
    return *CachePolicyFromJson(*client_.Get(kCachePolicies, {"", name}, {}));
  };
  EXPECT_EQ(read("old").status.nodes, 1);
  EXPECT_EQ(read("new").status.nodes, 0);
  EXPECT_EQ(FindCondition(read("new").status.conditions, ConditionType::kConflict)->status, ConditionStatus::kTrue);
  EXPECT_EQ(read("old").status.summary.quota, "100 GiB");
  EXPECT_EQ(NodeOf("a").spec.policy.name, "old");
  EXPECT_EQ(NodeOf("a").spec.policy.quota_bytes, 100 * kGiB);
}

Json PolicyWithQuota(uint64_t quota) {
  CachePolicy policy;
  policy.metadata.name = "default";
  policy.spec.disk.quota = quota;
  return ToJson(policy);
}

TEST_F(CacheTaskTest, WhatDoesNotFitIsNotAdmittedAndSaysWhatIsInTheWay) {
  AddNodes({"a"});
  Create(kCachePolicies, PolicyWithQuota(10 * kGiB));
  hub_.Put("hf://org/big", "b1", 8 * kGiB);
  hub_.Put("hf://org/small", "s1", 3 * kGiB);
  hub_.Put("hf://org/huge", "h1", 20 * kGiB);
  ModelCache big = MakeCache("big");
  big.spec.priority = 1000;
  Apply(big);
  Apply(MakeCache("small"));
  Apply(MakeCache("huge"));
  Lead();
  Pass(seconds(11));
  const CacheNode node = NodeOf("a");
  EXPECT_NE(EntryOf(node, "big", "b1"), nullptr);
  EXPECT_EQ(EntryOf(node, "small", "s1"), nullptr);
  EXPECT_EQ(EntryOf(node, "huge", "h1"), nullptr);
  const ModelCache small = Cache("small");
  EXPECT_EQ(ReasonOf(small, ConditionType::kQuotaExceeded), "NotAdmitted");
  EXPECT_THAT(MessageOf(small, ConditionType::kQuotaExceeded),
              HasSubstr("needs 3.0 GiB, 2.0 GiB left after big(1000)"));
  EXPECT_EQ(small.status.nodes, (NodeCounts{.desired = 1}));
  const ModelCache huge = Cache("huge");
  EXPECT_EQ(huge.status.nodes, (NodeCounts{.excluded = 1})) << "a node that is too small is not one of its nodes";
  EXPECT_EQ(huge.status.failures.front().reason, "NodeTooSmall");
}

TEST_F(CacheTaskTest, ALargeEvictionWaitsTenMinutesAndSaysSo) {
  AddNodes({"a"});
  Create(kCachePolicies, PolicyWithQuota(10 * kGiB));
  Lead();
  const Json disk = {{"capacityBytes", 100 * kGiB}, {"availableBytes", 90 * kGiB}, {"usedBytes", 9 * kGiB}};
  const auto patch = [&](const KubeResource& resource, const std::string& name, const Json& what, Subresource part) {
    ASSERT_TRUE(client_.Patch(resource, {"", name}, what, part, {}).ok());
    Settle();
  };
  patch(kCacheNodes, "a", {{"status", {{"disk", disk}}}}, Subresource::kStatus);
  patch(kCachePolicies, "default", {{"spec", {{"disk", {{"quota", "2Gi"}}}}}}, Subresource::kNone);
  const auto policy = [&] { return *CachePolicyFromJson(*client_.Get(kCachePolicies, {"", "default"}, {})); };
  EXPECT_EQ(NodeOf("a").spec.policy.quota_bytes, 10 * kGiB);
  EXPECT_EQ(FindCondition(policy().status.conditions, ConditionType::kLargeEvictionPending)->status,
            ConditionStatus::kTrue);
  EXPECT_EQ(policy().status.pending_evictions->bytes, 7 * kGiB);
  Pass(seconds(590));
  EXPECT_EQ(NodeOf("a").spec.policy.quota_bytes, 10 * kGiB);
  Pass(seconds(20));
  EXPECT_EQ(NodeOf("a").spec.policy.quota_bytes, 2 * kGiB);
  EXPECT_FALSE(policy().status.pending_evictions.has_value());
}

TEST_F(CacheTaskTest, MaxParallelRolls) {
  AddNodes({"a", "b", "c", "d"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  ModelCache cache = MakeCache("llama");
  cache.spec.nodes->max_parallel = IntOrPercent{50, true};
  Apply(cache);
  Lead();
  const auto told = [&] {
    std::vector<std::string> names;
    for (const std::string name : {"a", "b", "c", "d"}) {
      if (EntryOf(NodeOf(name), "llama", "c1") != nullptr) names.push_back(name);
    }
    return names;
  };
  EXPECT_THAT(told(), ElementsAre("a", "b"));
  AgentReports("a", CachePhase::kDownloading);
  AgentReports("b");
  Settle();
  EXPECT_THAT(told(), ElementsAre("a", "b", "c"));
  AgentReports("a", CachePhase::kFailed, "disk broke");
  AgentReports("c");
  Settle();
  EXPECT_THAT(told(), ElementsAre("a", "b", "c", "d")) << "a node that failed does not hold up the others";
  Pass(seconds(11));
  EXPECT_EQ(Cache("llama").status.nodes, (NodeCounts{.desired = 4, .ready = 2, .downloading = 1, .failed = 1}));
  EXPECT_EQ(Cache("llama").status.failures.front().message, "disk broke");
}

TEST_F(CacheTaskTest, AManifestThatAVolumeNamesStaysWanted) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  ModelCache cache = MakeCache("llama");
  cache.spec.update_policy.type = UpdateType::kAutomatic;
  cache.spec.gc.keep_revisions = 1;
  Apply(cache);
  Create(kVolumes,
         MakeVolume("v", {{"clusterCache", "llama"}, {"revision", "c1"}, {"manifest", FakeRevisions::Manifest("c1")}},
                    {"team", "claim"}));
  Lead();
  AgentReports("a");
  Settle();
  for (const char* commit : {"c2", "c3"}) {
    hub_.Put("hf://org/llama", commit, kGiB);
    Pass(minutes(6));
    AgentReports("a");
    Settle();
    ASSERT_EQ(Cache("llama").status.revision.current.commit, commit);
  }
  AddNodes({"late"});
  Settle();
  for (const char* node : {"a", "late"}) {
    const CacheNode object = NodeOf(node);
    ASSERT_EQ(object.spec.caches.size(), 2U) << node;
    EXPECT_TRUE(EntryOf(object, "llama", "c1")->pinned);
    EXPECT_FALSE(EntryOf(object, "llama", "c1")->current);
    EXPECT_EQ(EntryOf(object, "llama", "c1")->source, "hf://org/llama@c1");
    EXPECT_TRUE(EntryOf(object, "llama", "c3")->current);
  }
  EXPECT_EQ(Cache("llama").status.volumes.bound, 1);
  EXPECT_THAT(Cache("llama").status.volumes.examples, ElementsAre("team/claim"));
}

TEST_F(CacheTaskTest, SuspendKeepsWhatIsThereForThoseWhoHaveIt) {
  AddNodes({"a", "b"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  AgentReports("a");
  AgentReports("b", CachePhase::kDownloading);
  Settle();
  PatchCache("llama", {{"suspend", true}});
  Settle();
  const CacheNode ready = NodeOf("a");
  ASSERT_NE(EntryOf(ready, "llama", "c1"), nullptr);
  EXPECT_TRUE(EntryOf(ready, "llama", "c1")->pinned);
  EXPECT_TRUE(EntryOf(ready, "llama", "c1")->namespaces.empty()) << "no new pod gets it";
  EXPECT_TRUE(NodeOf("b").spec.caches.empty()) << "nothing is fetched";
  EXPECT_EQ(ReasonOf(Cache("llama"), ConditionType::kReady), "Suspended");
  PatchCache("llama", {{"suspend", false}});
  Settle();
  EXPECT_FALSE(EntryOf(NodeOf("a"), "llama", "c1")->namespaces.empty());
  EXPECT_NE(EntryOf(NodeOf("b"), "llama", "c1"), nullptr);
}

TEST_F(CacheTaskTest, WhatPodsBroughtOfASuspendedCacheStaysAndThenIsOnDemandAgain) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  ModelCache cache = MakeCache("llama");
  cache.spec.nodes.reset();
  Apply(cache);
  Lead();
  AgentAsks("a", {.cache = "llama", .pod_namespace = "web"});
  Settle();
  AgentReports("a");
  PatchCache("llama", {{"suspend", true}});
  Settle();
  CacheNode node = NodeOf("a");
  ASSERT_NE(EntryOf(node, "llama", "c1"), nullptr);
  EXPECT_TRUE(EntryOf(node, "llama", "c1")->pinned) << "nothing is evicted";
  EXPECT_TRUE(EntryOf(node, "llama", "c1")->namespaces.empty());
  ASSERT_EQ(node.spec.refused.size(), 1U);
  EXPECT_EQ(node.spec.refused[0].reason, "Suspended");
  EXPECT_THAT(node.spec.refused[0].message, HasSubstr("set it to false"));
  PatchCache("llama", {{"suspend", false}});
  Settle();
  node = NodeOf("a");
  ASSERT_NE(EntryOf(node, "llama", "c1"), nullptr);
  EXPECT_FALSE(EntryOf(node, "llama", "c1")->pinned);
  EXPECT_EQ(EntryOf(node, "llama", "c1")->namespaces, std::vector<std::string>{"*"});
}

TEST_F(CacheTaskTest, MoreNamespacesThanANodeCanBeToldAreSaidWithTheRemedy) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  ModelCache cache = MakeCache("llama");
  cache.spec.allowed_namespaces = AllowedNamespaces{LabelSelector{.match_labels = {{"tier", "serving"}}}};
  Apply(cache);
  for (size_t i = 0; i <= kMaxNamespaces; ++i)
    Create(kNamespaces, MakeNamespace(StrCat("n", i), {{"tier", "serving"}}));
  Lead();
  const CacheNode node = NodeOf("a");
  ASSERT_NE(EntryOf(node, "llama", "c1"), nullptr);
  EXPECT_EQ(EntryOf(node, "llama", "c1")->namespaces.size(), kMaxNamespaces);
  EXPECT_EQ(ReasonOf(Cache("llama"), ConditionType::kDegraded), "InvalidSpec");
  EXPECT_THAT(
      MessageOf(Cache("llama"), ConditionType::kDegraded),
      AllOf(HasSubstr("selects 1025 namespaces"), HasSubstr("can be told 1024"), HasSubstr("narrow the selector")));
  PatchCache("llama", {{"allowedNamespaces", {{"from", "All"}, {"selector", nullptr}}}});
  Settle();
  EXPECT_EQ(StatusOf(Cache("llama"), ConditionType::kDegraded), ConditionStatus::kFalse);
}

TEST_F(CacheTaskTest, ACordonedNodeKeepsWhatItHasAndGetsNothingNew) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  hub_.Put("hf://org/qwen", "q1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  ASSERT_TRUE(client_.Patch(kNodes, {"", "a"}, {{"spec", {{"unschedulable", true}}}}, Subresource::kNone, {}).ok());
  Apply(MakeCache("qwen"));
  Settle();
  EXPECT_NE(EntryOf(NodeOf("a"), "llama", "c1"), nullptr);
  EXPECT_EQ(EntryOf(NodeOf("a"), "qwen", "q1"), nullptr);
  EXPECT_EQ(Cache("qwen").status.nodes, (NodeCounts{.excluded = 1}));
}

}  // namespace
}  // namespace ballast::controller
