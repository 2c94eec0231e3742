#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/testing/swarm_world.h"

namespace ballast::fetch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr uint64_t kPiece = SwarmWorld::kPiece;

std::vector<FileToFetch> RandomFiles(uint32_t seed) {
  std::minstd_rand random(seed);
  std::vector<FileToFetch> files(1 + random() % 12);
  for (FileIndex i = 0; i < files.size(); ++i) {
    const uint64_t sizes[] = {0, 10, kPiece, 3 * kPiece + 5, 40 * kPiece, 150 * kPiece + 1};
    files[i].size = sizes[random() % 6];
    if (i > 0 && random() % 5 == 0 && !files[i - 1].same_as) files[i] = {files[i - 1].size, i - 1};
  }
  return files;
}

fetch::Rules SmallRules(uint32_t seed) {
  fetch::Rules rules;
  rules.max_jobs = 1 + static_cast<int>(seed % 16);
  rules.max_failures = 1000;
  rules.seed = seed;
  rules.swarm.emplace();
  rules.swarm->most_slots = 2 + seed % 5;
  rules.swarm->origin_slots = 1 + seed % 3;
  rules.swarm->open_pieces = 1 + seed % 200;
  if (seed % 2 == 0) rules.swarm->gather_from = 0;
  return rules;
}

FakeCoordinator::Options Coordinator(uint32_t seed) {
  return {.seed = seed,
          .nodes = 1 + seed % 5,
          .from_origin = static_cast<int>(seed * 7 % 101),
          .longest_run = 1 + seed % 9};
}

void ExpectsEnd(SwarmWorld& world) {
  world.RunToTheEnd();
  ASSERT_TRUE(world.finished);
  EXPECT_EQ(*world.finished, OkStatus());
}

// Every test of these names runs many generated downloads; each effect is held against the rules of SwarmWorld.
TEST(StepInSwarmTest, EveryDownloadWithoutErrorsEndsWithEveryFile) {
  for (uint32_t seed = 1; seed <= 150 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    SwarmWorld world(SmallRules(seed), RandomFiles(seed), Coordinator(seed), {});
    ExpectsEnd(world);
    EXPECT_EQ(world.now - world.started < seconds(100), true) << "nothing had to be waited for";
  }
}

TEST(StepInSwarmTest, FailingNodesAndAFailingOriginAreGoneRound) {
  for (uint32_t seed = 1; seed <= 150 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    FakeCoordinator::Options how = Coordinator(seed);
    how.nonsense = 20;
    SwarmWorld world(SmallRules(seed), RandomFiles(seed), how, {.peers = 30, .origin = 20, .takeovers = 20});
    ExpectsEnd(world);
  }
}

TEST(StepInSwarmTest, WhoSendsOtherBytesIsNamedAndLeftAndTheOriginHelpsWhenAllDo) {
  int all_left = 0;
  for (uint32_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    SwarmWorld world(SmallRules(seed), RandomFiles(seed), Coordinator(seed), {.peers = 30, .corrupt = 30, .origin = 5});
    ExpectsEnd(world);
    EXPECT_EQ(world.named, world.corrupt);
    if (world.corrupt.size() == 1 + seed % 5) ++all_left;
  }
  EXPECT_GT(all_left, 20);
}

TEST(StepInSwarmTest, AnOriginThatRefusesLeavesTheRestToNodes) {
  int refused = 0;
  for (uint32_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    SwarmWorld world(SmallRules(seed), RandomFiles(seed), Coordinator(seed),
                     {.peers = 10, .origin = 30, .refusals = 50});
    ExpectsEnd(world);
    EXPECT_EQ(world.coordinator.origin_works(), !world.refused);
    if (world.refused) ++refused;
  }
  EXPECT_GT(refused, 50);
}

TEST(StepInSwarmTest, UnprovenFilesAreProvenInTheEnd) {
  int alone = 0;
  for (uint32_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    SwarmWorld world(SmallRules(seed), RandomFiles(seed), Coordinator(seed),
                     {.peers = 5, .origin = 5, .unproven = 40, .takeovers = 5});
    ExpectsEnd(world);
    for (const FileState& file : world.state.files) alone += file.alone && !file.duplicate ? 1 : 0;
  }
  EXPECT_GT(alone, 10) << "where nobody says which pieces are bad";
}

TEST(StepInSwarmTest, SilentNodesHoldNothingUp) {
  int hedges = 0;
  for (uint32_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    FakeCoordinator::Options how = Coordinator(seed);
    how.nodes = 4;
    SwarmWorld world(SmallRules(seed), RandomFiles(seed), how, {});
    world.silent = {0};
    ExpectsEnd(world);
    hedges += world.hedges;
    EXPECT_TRUE(world.said.empty()) << "nobody had to be told that nothing comes";
  }
  EXPECT_GT(hedges, 100);
}

TEST(StepInSwarmTest, AStopEndsEveryStreamAndThenTheDownload) {
  for (uint32_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    SwarmWorld world(SmallRules(seed), {{150 * kPiece}, {40 * kPiece}, {10}}, Coordinator(seed), {.peers = 10});
    for (uint32_t i = 0; i < 3 * seed && !world.finished; ++i) world.RandomEvent();
    if (world.finished) continue;
    world.ending = true;
    world.Do(StopRequested{Cancelled("stopped")});
    for (const auto& [id, stream] : world.streams) EXPECT_TRUE(stream.cancelled);
    world.RunToTheEnd();
    EXPECT_EQ(world.finished->code(), StatusCode::kCancelled);
  }
}

// One file, all of whose pieces come from nodes.
struct Flow {
  explicit Flow(const SwarmRules& rules) {
    Rules all;
    all.swarm = rules;
    state = MakeState(all, {{150 * kPiece}});
    Do(Tick{0});
    Do(fetch::Opened{0, PieceMap(150 * kPiece, kPiece)});
  }

  template <typename What>
  void Do(What what) {
    for (const Effect& effect : Step(state, Event{now, std::move(what)})) {
      if (const auto* read = std::get_if<ReadPiece>(&effect)) running.push_back(read->stream);
      if (const auto* read = std::get_if<Read>(&effect)) run = read->stream;
      const auto* tell = std::get_if<Tell>(&effect);
      if (tell != nullptr && std::holds_alternative<Next>(tell->what)) told.push_back(std::get<Next>(tell->what));
    }
  }
  void Give(uint32_t count) {
    Reply reply;
    for (uint32_t i = 0; i < count; ++i) reply.assignments.push_back({{0, next++}, 1, 1, Digest::Of("x")});
    Do(fetch::Heard{reply});
  }
  void End(const Status& status = OkStatus()) {
    const StreamId id = running.front();
    running.pop_front();
    Do(fetch::PieceEnded{id, status});
  }
  // Its pace is known then: five pieces at the same time, in `took`.
  void Measure(milliseconds took) {
    Give(5);
    now += took;
    for (int i = 0; i < 5; ++i) End();
    Give(state.swarm.said_peer_slots);
    told.clear();
  }

  State state;
  SteadyTime now{seconds(1000)};
  std::vector<Next> told;
  std::deque<StreamId> running;
  StreamId run = 0;
  uint32_t next = 0;
};

constexpr SwarmRules kGathering{.gather_from = 0};

TEST(GatherTest, PiecesThatComeFastAreToldTogetherWhenHalfOfTheSlotsAreFree) {
  Flow flow(kGathering);
  flow.Measure(milliseconds(50));
  ASSERT_EQ(flow.running.size(), 6U);
  for (int i = 0; i < 3; ++i) flow.End();
  EXPECT_TRUE(flow.told.empty());
  flow.End();
  ASSERT_EQ(flow.told.size(), 1U);
  EXPECT_EQ(flow.told[0].received.size(), 4U);
  EXPECT_EQ(flow.told[0].peer_slots, 4U);
}

TEST(GatherTest, WhatIsGatheredIsToldAfterAMoment) {
  Flow flow(kGathering);
  flow.Measure(milliseconds(50));
  const SteadyTime said = flow.now;
  flow.now += milliseconds(10);
  flow.End();
  EXPECT_TRUE(flow.told.empty());
  EXPECT_EQ(NextTick(flow.state, flow.now), said + kGathering.gather);
  flow.now = said + kGathering.gather;
  flow.Do(Tick{1});
  ASSERT_EQ(flow.told.size(), 1U);
  flow.now += kGathering.gather;
  flow.End();
  EXPECT_EQ(flow.told.size(), 2U) << "nothing was said for long";
}

TEST(GatherTest, AllElseIsToldAtOnceWithWhatIsGathered) {
  Flow flow(kGathering);
  flow.Measure(milliseconds(50));
  flow.End();
  flow.End(Unavailable("reset"));
  ASSERT_EQ(flow.told.size(), 1U);
  EXPECT_EQ(flow.told[0].received.size(), 1U);
  EXPECT_EQ(flow.told[0].failed.size(), 1U);
  flow.End();
  flow.Do(fetch::Heard{{.assignments = {{{0, 100}, 2, kOrigin}}}});
  EXPECT_EQ(flow.told.size(), 1U);
  flow.Do(Advanced{flow.run, 101 * kPiece, Digest::Of("x")});
  ASSERT_EQ(flow.told.size(), 2U);
  EXPECT_EQ(flow.told[1].received.size(), 2U);
}

TEST(GatherTest, PiecesThatComeSlowlyOrOfASmallModelAreToldOneByOne) {
  for (const bool slow : {true, false}) {
    Flow flow(slow ? kGathering : SwarmRules());
    flow.Measure(milliseconds(slow ? 260 : 5));
    EXPECT_EQ(flow.running.size(), 5U);
    flow.End();
    flow.End();
    EXPECT_EQ(flow.told.size(), 2U);
  }
}

}  // namespace
}  // namespace ballast::fetch
