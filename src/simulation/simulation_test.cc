#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "simulation/cluster.h"
#include "simulation/link.h"

namespace ballast::simulation {
namespace {

using std::chrono::milliseconds;

constexpr double kMbit = 1e6 / 8;
constexpr uint64_t kModel = 256 << 20;

// Eight nodes, as the fan-out benchmark has them.
Scenario Eight(double origin_mbit, double node_mbit) {
  return {.nodes = 8, .files = {kModel}, .origin_rate = origin_mbit * kMbit, .node_rate = node_mbit * kMbit};
}

double Ratio(const Outcome& outcome) { return std::chrono::duration<double>(outcome.last) / outcome.bound; }

uint64_t Bytes(const Scenario& scenario) {
  return std::accumulate(scenario.files.begin(), scenario.files.end(), uint64_t{0});
}

TEST(LinkTest, SendsOneThingAfterAnother) {
  Link link(100);
  EXPECT_EQ(link.Pass(50, SteadyTime()), SteadyTime() + milliseconds(500));
  EXPECT_EQ(link.Pass(50, SteadyTime()), SteadyTime() + milliseconds(1000));
  EXPECT_EQ(link.Pass(100, SteadyTime() + milliseconds(5000)), SteadyTime() + milliseconds(6000));
}

TEST(LinkTest, WhatIsUnderWayStandsStillInAStall) {
  Link link(100);
  link.Stall(milliseconds(200), milliseconds(700));
  EXPECT_EQ(link.Pass(50, SteadyTime()), SteadyTime() + milliseconds(1000));
}

TEST(SimulationTest, ReachesTheBoundWhereTheOriginIsTheBottleneck) {
  const Scenario scenario = Eight(200, 400);
  const Outcome outcome = Simulate(scenario);
  EXPECT_TRUE(outcome.everyone_finished);
  EXPECT_EQ(outcome.copies_from_origin, 1);
  EXPECT_LE(Ratio(outcome), 1.05);
}

TEST(SimulationTest, ReachesTheBoundWhereAllLinksAreEqual) {
  const Scenario scenario = Eight(200, 200);
  const Outcome outcome = Simulate(scenario);
  EXPECT_EQ(outcome.copies_from_origin, 1);
  EXPECT_LE(Ratio(outcome), 1.08);
}

TEST(SimulationTest, ReachesTheBoundWhereTheNodesAreTheBottleneck) {
  const Scenario scenario = Eight(800, 200);
  const Outcome outcome = Simulate(scenario);
  EXPECT_EQ(outcome.copies_from_origin, 1);
  EXPECT_LE(Ratio(outcome), 1.05);
}

// Each of them asks the hub for the file's address once; hubs count that.
TEST(SimulationTest, FewNodesAreEverSentToTheOrigin) {
  const Scenario scenario{
      .nodes = 100, .files = {uint64_t{1} << 30}, .origin_rate = 1000 * kMbit, .node_rate = 1000 * kMbit};
  const Outcome outcome = Simulate(scenario);
  EXPECT_EQ(outcome.copies_from_origin, 1);
  EXPECT_LE(outcome.origin_nodes, 2 * scenario.policy.max_origin_nodes);
}

TEST(SimulationTest, IsTheSameEachTime) {
  const Scenario scenario = Eight(200, 200);
  EXPECT_EQ(Simulate(scenario).finished, Simulate(scenario).finished);
}

TEST(SimulationTest, ALateJoinerTakesNothingFromTheOrigin) {
  Scenario scenario = Eight(200, 400);
  scenario.joins = {{7, std::chrono::seconds(8)}};
  const Outcome outcome = Simulate(scenario);
  EXPECT_TRUE(outcome.everyone_finished);
  EXPECT_EQ(outcome.copies_from_origin, 1);
  EXPECT_LE(Ratio(outcome), 1.2);
}

TEST(SimulationTest, ANodeOnASlowLinkHoldsNobodyUp) {
  Scenario scenario = Eight(200, 400);
  scenario.slow = {{3, 40 * kMbit}};
  const Outcome outcome = Simulate(scenario);
  EXPECT_TRUE(outcome.everyone_finished);
  Duration healthy{};
  for (NodeId node = 0; node < 8; ++node) {
    if (node != 3) healthy = std::max(healthy, outcome.finished[node]);
  }
  const Scenario undisturbed = Eight(200, 400);
  EXPECT_LE(std::chrono::duration<double>(healthy) / Simulate(undisturbed).last, 1.2);
  EXPECT_LE(outcome.copies_from_origin, 1.05);
}

TEST(SimulationTest, AQuarterOfTheNodesDiesHalfWay) {
  Scenario scenario = Eight(200, 400);
  scenario.deaths = {{0, std::chrono::seconds(5)}, {1, std::chrono::seconds(5)}};
  const Outcome outcome = Simulate(scenario);
  EXPECT_TRUE(outcome.everyone_finished);
  EXPECT_LE(outcome.copies_from_origin, 1.05);
  EXPECT_LE(Ratio(outcome), 1.2);
}

TEST(SimulationTest, ATakeoverFetchesNothingTwice) {
  Scenario scenario = Eight(200, 400);
  scenario.takeovers = {std::chrono::seconds(5)};
  const Outcome outcome = Simulate(scenario);
  EXPECT_TRUE(outcome.everyone_finished);
  EXPECT_LE(outcome.copies_from_origin, 1.05);
  EXPECT_LE(Ratio(outcome), 1.2);
}

TEST(SimulationTest, AStalledOriginCostsItsStallAndLittleMore) {
  Scenario scenario = Eight(200, 400);
  scenario.origin_stalls = {{std::chrono::seconds(3), std::chrono::seconds(13)}};
  const Outcome outcome = Simulate(scenario);
  EXPECT_TRUE(outcome.everyone_finished);
  EXPECT_LE(outcome.copies_from_origin, 1.05);
  EXPECT_LE(std::chrono::duration<double>(outcome.last - std::chrono::seconds(10)) / outcome.bound, 1.2);
}

TEST(SimulationTest, AStoppedNodeHoldsNobodyUp) {
  Scenario scenario = Eight(200, 400);
  scenario.freezes = {{2, {std::chrono::seconds(4), std::chrono::seconds(600)}}};
  const Outcome outcome = Simulate(scenario);
  Duration healthy{};
  for (NodeId node = 0; node < 8; ++node) {
    if (node != 2) healthy = std::max(healthy, outcome.finished[node]);
  }
  EXPECT_LE(healthy, std::chrono::seconds(20));
}

// Two hundred nodes that come and die as a generator has it.
TEST(SimulationTest, EverybodyFinishesWhateverHappens) {
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](double least, double most) { return std::uniform_real_distribution<>(least, most)(random); };
    Scenario scenario{.nodes = 200, .zones = 1 + seed % 5, .origin_rate = pick(1000, 10000) * kMbit};
    scenario.node_rate = pick(1000, 10000) * kMbit;
    for (int file = 0; file < 5; ++file) scenario.files.push_back(static_cast<uint64_t>(pick(1, 300e6)));
    for (NodeId node = 0; node < 200; ++node) {
      scenario.joins.push_back({node, Seconds(pick(0, 2))});
      if (pick(0, 1) < 0.1) scenario.deaths.push_back({node, Seconds(pick(0, 3))});
      if (pick(0, 1) < 0.05) scenario.slow.push_back({node, scenario.node_rate / 10});
    }
    scenario.takeovers = {Seconds(pick(0.1, 3))};
    const Outcome outcome = Simulate(scenario);
    EXPECT_TRUE(outcome.everyone_finished);
    EXPECT_LE(outcome.copies_from_origin, 1.1) << "what the dead had alone, and a takeover";
    EXPECT_LE(outcome.most_uploads, 12U) << "what two coordinators gave out";
    Duration slowest{};  // the bound of those that are slow
    if (!scenario.slow.empty()) slowest = Seconds(10 * static_cast<double>(Bytes(scenario)) / scenario.node_rate);
    EXPECT_LE(outcome.last, outcome.bound + slowest + std::chrono::seconds(8)) << "nobody is stuck";
  }
}

// Of what a large swarm says to its coordinator most would be that one more piece has come.
TEST(SimulationTest, FastNodesTellSeveralPiecesTogetherAndLoseNoTime) {
  Scenario scenario{.nodes = 60,
                    .zones = 4,
                    .files = std::vector<uint64_t>(2, uint64_t{5} << 30),
                    .origin_rate = 8000 * kMbit,
                    .node_rate = 8000 * kMbit};
  for (const bool some_slow : {false, true}) {
    if (some_slow) {
      for (NodeId node = 0; node < 6; ++node) scenario.slow.push_back({10 * node, scenario.node_rate / 4});
    }
    const Outcome together = Simulate(scenario);
    Scenario one_by_one = scenario;
    one_by_one.gather = Duration::zero();
    const Outcome each = Simulate(one_by_one);
    EXPECT_TRUE(together.everyone_finished);
    EXPECT_LE(together.copies_from_origin, 1.01);
    EXPECT_LT(together.messages, each.messages / 2);
    EXPECT_LE(std::chrono::duration<double>(together.last) / each.last, 1.02);
  }
}

TEST(SimulationTest, SmallModelsAreToldPieceByPiece) {
  Scenario scenario = Eight(800, 800);
  const Outcome outcome = Simulate(scenario);
  scenario.gather = Duration::zero();
  EXPECT_EQ(outcome.finished, Simulate(scenario).finished);
}

TEST(SimulationTest, EachZoneIsBroughtOneCopy) {
  const Scenario scenario{.nodes = 200,
                          .zones = 8,
                          .files = std::vector<uint64_t>(4, 200 << 20),
                          .origin_rate = 5000 * kMbit,
                          .node_rate = 5000 * kMbit};
  const Outcome outcome = Simulate(scenario);
  EXPECT_TRUE(outcome.everyone_finished);
  EXPECT_EQ(outcome.copies_from_origin, 1);
  EXPECT_LE(outcome.most_copies_into_zone, 1.05);
  EXPECT_LE(Ratio(outcome), 1.1);
  EXPECT_LE(*std::max_element(outcome.sent.begin(), outcome.sent.end()), 3) << "nobody sends for all";
}

}  // namespace
}  // namespace ballast::simulation
