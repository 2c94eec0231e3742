#include "operator/agents/progress_sum.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace ballast::controller {
namespace {

std::shared_ptr<const CacheNode> NodeWith(const std::string& name, bool pinned, CachePhase phase) {
  CacheNode node;
  node.metadata.name = name;
  node.spec.caches = {{.cache = "llama", .manifest = "m", .pinned = pinned}};
  node.status.caches = {{.cache = "llama", .manifest = "m", .phase = phase}};
  return std::make_shared<const CacheNode>(node);
}

TEST(ChooseAgentsTest, OnlyThoseWithADownloadUnderWayAreAsked) {
  const std::map<std::string, AgentEndpoint> agents = {
      {"a", {"a", "1:1"}}, {"b", {"b", "2:1"}}, {"c", {"c", "3:1"}}, {"d", {"d", "4:1"}}};
  const std::vector nodes = {NodeWith("a", true, CachePhase::kDownloading), NodeWith("b", true, CachePhase::kReady),
                             NodeWith("c", true, CachePhase::kFailed), NodeWith("d", false, CachePhase::kWaiting),
                             NodeWith("without-agent", true, CachePhase::kWaiting)};
  const AgentChoice choice = ChooseAgents(nodes, agents, false);
  ASSERT_EQ(choice.agents.size(), 1U);
  EXPECT_EQ(choice.agents[0].node, "a");
  EXPECT_FALSE(choice.is_sample());
  EXPECT_EQ(ChooseAgents(nodes, agents, true).agents.size(), 4U);
}

TEST(ChooseAgentsTest, OfManySomeStandForAll) {
  std::vector<std::shared_ptr<const CacheNode>> nodes;
  std::map<std::string, AgentEndpoint> agents;
  for (int i = 0; i < 1250; ++i) {
    nodes.push_back(NodeWith(StrCat("n", i), true, CachePhase::kWaiting));
    agents[StrCat("n", i)] = {StrCat("n", i), "1:1"};
  }
  const AgentChoice choice = ChooseAgents(nodes, agents, false);
  EXPECT_EQ(choice.agents.size(), kMaxAsked);
  EXPECT_DOUBLE_EQ(choice.weight, 2.5);
}

TEST(SumProgressTest, WhatIsReadyIsNotUnderWay) {
  const EntryProgress moving{.cache = "llama", .phase = "Downloading", .bytes_done = 10, .bytes_per_second = 4};
  const EntryProgress ready{.cache = "llama", .phase = "Ready", .bytes_done = 99, .bytes_per_second = 7, .mounts = 2};
  const auto sums = SumProgress({{moving}, {ready}, {moving}}, 1);
  EXPECT_EQ(sums.at("llama"), (CacheProgress{.bytes_done = 20, .bytes_per_second = 8, .mounts = 2}));
  const auto scaled = SumProgress({{moving}}, 2.5);
  EXPECT_EQ(scaled.at("llama"), (CacheProgress{.bytes_done = 25, .bytes_per_second = 10, .sampled = true}));
}

TEST(AddUnlistedTest, ACacheThatNoNodeListsIsMountedNowhere) {
  std::map<std::string, CacheProgress> heard = {{"qwen", {.mounts = 2}}};
  AddUnlisted({"llama", "qwen", "gone"}, {NodeWith("a", true, CachePhase::kReady)}, heard);
  EXPECT_FALSE(heard.contains("llama")) << "it is listed, and its agent did not answer";
  EXPECT_EQ(heard.at("qwen").mounts, 2);
  EXPECT_EQ(heard.at("gone"), CacheProgress());
}

TEST(JoinProgressTest, MountsAreThoseOfTheRoundThatAskedAll) {
  const auto joined =
      JoinProgress({{"a", {.bytes_done = 5, .mounts = 1}}}, {{"a", {.mounts = 9}}, {"b", {.mounts = 3}}});
  EXPECT_EQ(joined.at("a"), (CacheProgress{.bytes_done = 5, .mounts = 9}));
  EXPECT_EQ(joined.at("b"), (CacheProgress{.mounts = 3}));
}

}  // namespace
}  // namespace ballast::controller
