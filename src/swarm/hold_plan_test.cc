#include "swarm/hold_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/strings.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::Pair;

const Digest kModel = Digest::Of("m");

TEST(HoldPlanTest, TheFirstTwoAreToldAndOthersInThePlaceOfTheDead) {
  HoldPlan plan;
  plan.Add(kModel, {"a", "b", "c", "d"});
  EXPECT_THAT(plan.Next(), ElementsAre(Pair("a", ElementsAre(kModel)), Pair("b", ElementsAre(kModel))));
  plan.OnFailed("a");
  plan.OnTold("b", {kModel});
  EXPECT_THAT(plan.Next(), ElementsAre(Pair("c", ElementsAre(kModel))));
  plan.OnTold("c", {kModel});
  EXPECT_TRUE(plan.Next().empty());
}

TEST(HoldPlanTest, TheCoordinatorIsToldBesideTheFirstTwoAndOnlyOnce) {
  HoldPlan plan;
  plan.Add(kModel, {"a", "b", "c"});
  plan.OnElsewhere(kModel, "z");
  plan.OnElsewhere(kModel, "a");
  EXPECT_EQ(plan.Next().size(), 3U);
  for (const std::string node : {"a", "b", "z"}) plan.OnTold(node, {kModel});
  plan.OnElsewhere(kModel, "z");
  EXPECT_TRUE(plan.Next().empty());
}

// Over generated clusters: it ends, tells nobody twice, and two of the living where there are two.
TEST(HoldPlanTest, EveryModelEndsWithTwoThatLive) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    std::minstd_rand random(seed);
    HoldPlan plan;
    std::map<Digest, std::vector<std::string>> candidates;
    std::set<std::string> dead;
    for (int i = 0; i < 8; ++i) {
      if (random() % 2 == 0) dead.insert(StrCat("n", i));
    }
    for (int model = 0; model < 5; ++model) {
      std::vector<std::string> nodes;
      for (int i = 0; i < 8; ++i) nodes.push_back(StrCat("n", (i * 3 + model) % 8));
      candidates[Digest::Of(StrCat(model))] = nodes;
      plan.Add(Digest::Of(StrCat(model)), nodes);
    }
    std::map<Digest, std::set<std::string>> told;
    int rounds = 0;
    for (auto round = plan.Next(); !round.empty(); round = plan.Next()) {
      ASSERT_LT(++rounds, 10) << seed;
      for (const auto& [node, models] : round) {
        if (dead.contains(node)) {
          plan.OnFailed(node);
          continue;
        }
        for (const Digest& model : models) EXPECT_TRUE(told[model].insert(node).second) << seed;
        plan.OnTold(node, models);
      }
    }
    const size_t living = 8 - dead.size();
    for (const auto& [model, nodes] : candidates) EXPECT_EQ(told[model].size(), std::min<size_t>(2, living)) << seed;
  }
}

}  // namespace
}  // namespace ballast
