#include "operator/cache_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    return client_.CountCalls(KubeVerb::kCreate) + client_.CountCalls(KubeVerb::kUpdate) +
           client_.CountCalls(KubeVerb::kPatch) + client_.CountCalls(KubeVerb::kApply);
  };
  const int before = writes();
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

}  // namespace
}  // namespace ballast::controller
