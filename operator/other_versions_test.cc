// Objects of an older and of a newer version than this program: an upgrade of the CRDs, or a rollback of the operator.
#include <gtest/gtest.h>

#include "operator/testing/operator_fixture.h"

namespace ballast::controller {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;

class OtherVersionsTest : public OperatorFixture {
 protected:
  void Patch(const KubeResource& resource, const std::string& name, const Json& patch,
             Subresource subresource = Subresource::kNone) {
    const auto written = client_.Patch(resource, {"", name}, patch, subresource, {});
    ASSERT_TRUE(written.ok()) << written.status();
  }
  Json Read(const KubeResource& resource, const std::string& name) { return *client_.Get(resource, {"", name}, {}); }
  void AddPolicy(const std::string& name, int priority, uint64_t quota) {
    Create(kCachePolicies, {{"apiVersion", "ballast.dev/v1alpha1"},
                            {"kind", "CachePolicy"},
                            {"metadata", {{"name", name}}},
                            {"spec", {{"priority", priority}, {"disk", {{"quota", std::to_string(quota)}}}}}});
  }
  void BecomesReady() {
    AgentReports("a");
    Settle();
    Pass(std::chrono::seconds(10));
    EXPECT_EQ(StatusOf(Cache("llama"), ConditionType::kReady), ConditionStatus::kTrue);
  }
};

const Json kNewer = {{"added", {{"later", {1, 2, 3}}}}};

TEST_F(OtherVersionsTest, WhatANewerVersionAddedToACacheStays) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  const Json condition = {{"type", "Polished"},
                          {"status", "True"},
                          {"reason", "AsWished"},
                          {"message", ""},
                          {"lastTransitionTime", "2026-01-01T00:00:00Z"}};
  Patch(kClusterModelCaches, "llama", {{"spec", kNewer}});
  Patch(kClusterModelCaches, "llama", {{"status", kNewer}}, Subresource::kStatus);
  Patch(kClusterModelCaches, "llama", {{"status", {{"conditions", {condition}}}}}, Subresource::kStatus);
  Lead();
  BecomesReady();
  const Json cache = Read(kClusterModelCaches, "llama");
  EXPECT_EQ(cache["spec"]["added"], kNewer["added"]);
  EXPECT_EQ(cache["status"]["added"], kNewer["added"]);
  EXPECT_EQ(StringAt(cache, "/status/conditions/0/type"), "Polished") << DumpJson(cache["status"]);
}

TEST_F(OtherVersionsTest, WhatANewerAgentSaysStaysWhenItsNodeIsToldMore) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  Patch(kCacheNodes, "a", {{"metadata", {{"annotations", {{"who", "I"}}}, {"labels", {{"what", "this"}}}}}});
  Patch(kCacheNodes, "a", {{"status", kNewer}}, Subresource::kStatus);
  hub_.Put("hf://org/qwen", "q1", kGiB);
  Apply(MakeCache("qwen"));
  Settle();
  EXPECT_EQ(NodeOf("a").spec.caches.size(), 2U);
  const Json node = Read(kCacheNodes, "a");
  EXPECT_EQ(node["status"]["added"], kNewer["added"]);
  EXPECT_EQ(StringAt(node, "/metadata/annotations/who"), "I");
  EXPECT_EQ(StringAt(node, "/metadata/labels/what"), "this");
}

TEST_F(OtherVersionsTest, WhatANewerOperatorWroteIsNoReasonToWrite) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  BecomesReady();
  Patch(kCacheNodes, "a", {{"spec", kNewer}});
  Settle();
  const std::string version = ResourceVersionOf(Read(kCacheNodes, "a"));
  Lead();
  Pass(std::chrono::minutes(10));
  EXPECT_EQ(ResourceVersionOf(Read(kCacheNodes, "a")), version) << "two versions of the operator would fight";
}

TEST_F(OtherVersionsTest, WhatAnOlderVersionNeverWroteHasItsDefault) {
  AddNodes({"a"});
  const std::string uid = UidOf(Read(kNodes, "a"));
  hub_.Put("hf://org/llama", "c1", kGiB);
  Create(kClusterModelCaches, {{"apiVersion", "ballast.dev/v1alpha1"},
                               {"kind", "ClusterModelCache"},
                               {"metadata", {{"name", "llama"}}},
                               {"spec", {{"source", {{"uri", "hf://org/llama"}}}, {"nodes", Json::object()}}}});
  const Json owner = {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", "a"}, {"uid", uid}};
  Create(kCacheNodes, {{"apiVersion", "ballast.dev/v1alpha1"},
                       {"kind", "CacheNode"},
                       {"metadata", {{"name", "a"}, {"ownerReferences", {owner}}}}});
  Lead();
  EXPECT_EQ(NodeOf("a").spec.caches.size(), 1U);
  BecomesReady();
}

// A rollback of the operator must not take models from pods.
TEST_F(OtherVersionsTest, WhatNodesHaveOfACacheThatCannotBeReadStays) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  BecomesReady();
  const std::string version = ResourceVersionOf(Read(kCacheNodes, "a"));
  Patch(kClusterModelCaches, "llama", {{"spec", {{"updatePolicy", {{"type", "Newer"}}}}}});
  Settle();
  Lead();
  EXPECT_EQ(ResourceVersionOf(Read(kCacheNodes, "a")), version);
  hub_.Put("hf://org/qwen", "q1", kGiB);
  Apply(MakeCache("qwen"));
  Settle();
  CacheNode node = NodeOf("a");
  EXPECT_EQ(node.spec.caches.size(), 2U) << "others go on";
  const CacheEntry* entry = EntryOf(node, "llama", "c1");
  ASSERT_NE(entry, nullptr);
  EXPECT_TRUE(entry->pinned && entry->current && !entry->namespaces.empty());
  Patch(kClusterModelCaches, "llama", {{"spec", {{"updatePolicy", {{"type", "Manual"}}}, {"suspend", true}}}});
  Settle();
  node = NodeOf("a");
  entry = EntryOf(node, "llama", "c1");
  ASSERT_NE(entry, nullptr);
  EXPECT_TRUE(entry->namespaces.empty()) << "it can be read again";
}

TEST_F(OtherVersionsTest, ANodeKeepsThePolicyThatCannotBeRead) {
  AddNodes({"a"});
  AddPolicy("mine", 7, 100 * kGiB);
  AddPolicy("other", 1, 1 * kGiB);
  Lead();
  ASSERT_EQ(NodeOf("a").spec.policy.name, "mine");
  Patch(kCachePolicies, "mine", {{"spec", {{"disk", {{"highThresholdPercent", "newer"}}}}}});
  Settle();
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Settle();
  EXPECT_EQ(NodeOf("a").spec.policy.name, "mine");
  EXPECT_EQ(NodeOf("a").spec.policy.quota_bytes, 100 * kGiB);
  EXPECT_NE(EntryOf(NodeOf("a"), "llama", "c1"), nullptr) << "and all else goes on";
  ASSERT_TRUE(client_.Delete(kCachePolicies, {"", "mine"}, {}, {}).ok());
  Settle();
  EXPECT_EQ(NodeOf("a").spec.policy.name, "other");
}

TEST_F(OtherVersionsTest, ACacheThatCannotBeReadAndGoesIsLetGo) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  BecomesReady();
  Patch(kClusterModelCaches, "llama",
        {{"spec", {{"updatePolicy", {{"type", "Newer"}}}}}, {"metadata", {{"finalizers", nullptr}}}});
  Settle();
  ASSERT_TRUE(client_.Delete(kClusterModelCaches, {"", "llama"}, {}, {}).ok());
  Settle();
  EXPECT_TRUE(NodeOf("a").spec.caches.empty());
}

}  // namespace
}  // namespace ballast::controller
