#include "operator/cluster_objects.h"

#include <gtest/gtest.h>

#include "operator/testing/cluster.h"

namespace ballast::controller {
namespace {

TEST(NodeFactsTest, SayWhatDecisionsNeed) {
  const Taint taint{"gpu", "yes", "NoSchedule"};
  const NodeFacts node = NodeFromJson(MakeNode({.name = "a",
                                                .labels = {{"topology.kubernetes.io/zone", "z1"}},
                                                .ready = false,
                                                .cordoned = true,
                                                .taints = {taint}}));
  EXPECT_EQ(node.name, "a");
  EXPECT_EQ(node.Zone(), "z1");
  EXPECT_FALSE(node.ready);
  EXPECT_TRUE(node.cordoned);
  EXPECT_EQ(node.taints, std::vector<Taint>{taint});
  EXPECT_TRUE(NodeFromJson(MakeNode({.name = "b"})).ready);
  EXPECT_FALSE(NodeFromJson(Json::object()).ready) << "a node without status is not ready";
}

TEST(VolumeFactsTest, NameTheCacheAsCacheNodesDo) {
  const auto of = [](const Json& attributes) { return VolumeFromJson(MakeVolume("v", attributes, {"team", "claim"})); };
  EXPECT_EQ(of({{"clusterCache", "llama"}})->cache, "llama");
  EXPECT_EQ(of({{"cache", "llama"}})->cache, "team/llama");
  const auto pinned = of({{"clusterCache", "llama"}, {"revision", "abc"}, {"manifest", "sha256:1"}});
  EXPECT_EQ(pinned->revision, "abc");
  EXPECT_EQ(pinned->manifest, "sha256:1");
  EXPECT_EQ(pinned->claim, "team/claim");
  EXPECT_FALSE(pinned->released);
  EXPECT_EQ(of({{"layout", "hf"}}), std::nullopt);
  EXPECT_EQ(VolumeFromJson({{"spec", {{"csi", {{"driver", "other"}}}}}}), std::nullopt);
}

TEST(AgentsTest, AreTheEndpointsOfTheirService) {
  Json slice = MakeAgentSlice("s", {"a", "b"});
  Json other = MakeAgentSlice("o", {"c"});
  other["metadata"]["labels"]["kubernetes.io/service-name"] = "ballast-operator";
  const auto agents = AgentsFromSlices({std::make_shared<const Json>(slice), std::make_shared<const Json>(other)});
  ASSERT_EQ(agents.size(), 2U);
  EXPECT_EQ(agents.at("b"), (AgentEndpoint{"b", "10.0.0.2:7070", true}));
}

TEST(AgentsTest, OfTwoOnANodeTheReadyOneIsTaken) {
  Json old = MakeAgentSlice("old", {"a"});
  old["endpoints"][0]["conditions"]["ready"] = false;
  Json next = MakeAgentSlice("next", {"a"});
  next["endpoints"][0]["addresses"] = {"fd00::7"};
  for (const auto& slices : {std::vector{old, next}, std::vector{next, old}}) {
    const auto agents =
        AgentsFromSlices({std::make_shared<const Json>(slices[0]), std::make_shared<const Json>(slices[1])});
    EXPECT_EQ(agents.at("a").address, "[fd00::7]:7070");
  }
}

}  // namespace
}  // namespace ballast::controller
