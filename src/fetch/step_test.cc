#include "fetch/step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/strings.h"
#include "fetch/testing/step_world.h"

namespace ballast::fetch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

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

Rules SmallRules(uint32_t seed) {
  Rules rules;
  rules.max_jobs = 1 + static_cast<int>(seed % 9);
  rules.max_streams_per_file = 1 + seed % 4;
  rules.window_pieces = seed % 3 == 0 ? 8 : 64;
  rules.min_extent = (1 + seed % 3) * kPiece;
  rules.max_failures = 1000;
  rules.seed = seed;
  return rules;
}

// Every test of this name runs many generated downloads; each effect is held against the rules of World.
TEST(StepTest, EveryDownloadWithoutErrorsEndsWithEveryFile) {
  for (uint32_t seed = 1; seed <= 150 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World world(SmallRules(seed), RandomFiles(seed), seed);
    world.RunToTheEnd(0);
    EXPECT_EQ(world.finished, OkStatus());
  }
}

TEST(StepTest, EveryDownloadWithErrorsEndsAndKeepsTheRules) {
  int failed = 0;
  for (uint32_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World world(SmallRules(seed), RandomFiles(seed), seed);
    world.RunToTheEnd(20);
    if (world.finished && !world.finished->ok()) {
      ++failed;
      EXPECT_TRUE(world.ending) << "rule: it fails only for a final reason, and this was none: " << *world.finished;
    }
  }
  EXPECT_GT(failed, 0);
  EXPECT_LT(failed, 200);
}

TEST(StepTest, AStopEndsEveryStreamAndThenTheDownload) {
  for (uint32_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World world(SmallRules(seed), {{150 * kPiece}, {40 * kPiece}, {10}}, seed);
    for (uint32_t i = 0; i < seed && !world.finished; ++i) world.RandomEvent(5);
    if (world.finished) continue;
    world.EndsWith(StopRequested{Cancelled("stopped")});
    for (const auto& [id, stream] : world.streams) EXPECT_TRUE(stream.cancelled);
    world.RunToTheEnd(5);
    EXPECT_EQ(world.finished->code(), StatusCode::kCancelled);
  }
}

Rules PlainRules(int jobs) {
  Rules rules;
  rules.max_jobs = jobs;
  return rules;
}

// Opens what is to be opened, with nothing here yet.
void OpenAll(World& world) {
  while (!world.opens.empty()) {
    const FileIndex index = World::Take(world.opens, 0);
    world.files[index].open = true;
    world.Do(Opened{index, world.files[index].pieces});
  }
}

TEST(StepTest, WithFilesEnoughOneStreamRunsToTheEndOfEachFile) {
  World world(PlainRules(2), {{500 * uint64_t{kPiece}}, {500 * uint64_t{kPiece}}, {10}}, 1);
  OpenAll(world);
  ASSERT_EQ(world.streams.size(), 2U);
  EXPECT_EQ(world.streams[1].range, (ByteRange{0, 500 * uint64_t{kPiece}}));
  EXPECT_EQ(world.streams[2].range, (ByteRange{0, 500 * uint64_t{kPiece}}));
}

TEST(StepTest, ALoneBigFileIsSharedInExtentsInsideTheWindowOnceItsStreamWaitsForTheSource) {
  World world(PlainRules(16), {{5000 * uint64_t{kPiece}}}, 1);
  OpenAll(world);
  ASSERT_EQ(world.streams.size(), 1U);
  world.Do(Tick{0, 0.9});
  ASSERT_EQ(world.streams.size(), 1U) << "this machine is what limits";
  world.Do(Tick{0, 0.1});
  ASSERT_EQ(world.streams.size(), 8U);
  for (const auto& [id, stream] : world.streams) EXPECT_EQ(stream.range.size(), 8U * kPiece);
}

TEST(StepTest, AFreedStreamTakesOverTheFarPartOfALongOne) {
  World world(PlainRules(2), {{500 * uint64_t{kPiece}}, {16 * kPiece}}, 1);
  OpenAll(world);
  ASSERT_EQ(world.streams[1].range.end, 500 * uint64_t{kPiece});
  world.Do(Tick{0, 0.1});
  while (world.streams.contains(2)) world.Move(2);
  world.AnswerCommit(0, 0);
  ASSERT_EQ(world.streams.size(), 2U);
  EXPECT_EQ(world.streams[1].range.end, world.streams.rbegin()->second.range.begin);
}

TEST(StepTest, AFinalErrorEndsTheDownloadAtOnceWithItsText) {
  for (const Status& error : {NotFound("gone"), Unauthenticated("token"), PermissionDenied("gated"),
                              InvalidArgument("bad"), FailedPrecondition("changed at the origin")}) {
    World world(PlainRules(4), {{10}, {500 * uint64_t{kPiece}}}, 1);
    OpenAll(world);
    world.ending = true;
    world.EndStream(1, error);
    while (!world.streams.empty()) world.EndStream(world.streams.begin()->first, Cancelled("cancelled"));
    EXPECT_EQ(world.finished, error);
  }
}

TEST(StepTest, AFileThatAnotherDownloadBringsIsWaitedFor) {
  World world(PlainRules(1), {{10}}, 1);
  for (int i = 0; i < 100; ++i) {  // longer than any number of failures
    ASSERT_EQ(world.opens.size(), 1U);
    world.Do(OpenFailed{World::Take(world.opens, 0), Aborted("another download of it is running")});
    EXPECT_EQ(WaitingFor(world.state, world.now).rfind("another download of it is running; next try in ", 0), 0U);
    world.now = NextTick(world.state, world.now);
    world.Do(Tick{0});
  }
  ASSERT_EQ(world.opens.size(), 1U);
  world.Do(Found{World::Take(world.opens, 0), Digest::Of("x")});
  EXPECT_EQ(world.finished, OkStatus());
}

TEST(StepTest, ALocalErrorIsFinalEvenWhereAnOriginsWouldBeTriedAgain) {
  World world(PlainRules(1), {{10}}, 1);
  OpenAll(world);
  world.ending = true;
  world.EndStream(1, ResourceExhausted("no space left on device"), true);
  EXPECT_EQ(world.finished->code(), StatusCode::kResourceExhausted);
}

TEST(StepTest, AttemptsWithoutProgressAreCountedAndTheLastErrorIsTheReason) {
  Rules rules = PlainRules(1);
  rules.max_failures = 4;
  World world(rules, {{10}}, 1);
  OpenAll(world);
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(world.streams.size(), 1U);
    if (i == 3) world.ending = true;
    world.EndStream(world.streams.begin()->first, Unavailable("hub answers 503"));
    world.now = NextTick(world.state, world.now);
    if (i < 3) world.Do(Tick{0});
  }
  EXPECT_EQ(world.finished, Unavailable("gave up after 4 attempts without progress: hub answers 503"));
}

TEST(StepTest, ProgressForgetsTheFailuresBeforeIt) {
  Rules rules = PlainRules(1);
  rules.max_failures = 3;
  World world(rules, {{500 * uint64_t{kPiece}}}, 1);
  OpenAll(world);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(world.streams.size(), 1U) << i;
    const StreamId id = world.streams.begin()->first;
    world.Move(id);
    world.Move(id);
    world.EndStream(id, Unavailable("reset"));
    world.now = NextTick(world.state, world.now);
    world.Do(Tick{world.bytes});
  }
  EXPECT_FALSE(world.finished);
}

TEST(StepTest, TheWaitThatWasAskedForIsObeyedUpToALimitAndSaid) {
  Rules rules = PlainRules(1);
  rules.max_retry_after = seconds(100);
  World world(rules, {{10}}, 1);
  OpenAll(world);
  world.EndStream(1, Unavailable("hub answers 429").WithRetryAfter(std::chrono::hours(300'000)));
  EXPECT_EQ(NextTick(world.state, world.now) > world.now + seconds(100), false);
  EXPECT_EQ(WaitingFor(world.state, world.now + seconds(96)).rfind("hub answers 429; next try in ", 0), 0U)
      << WaitingFor(world.state, world.now + seconds(96));
  world.now += seconds(99);
  world.Do(Tick{0});
  EXPECT_TRUE(world.streams.empty());
  world.now += seconds(1);
  EXPECT_EQ(WaitingFor(world.state, world.now), "hub answers 429; next try now");
  EXPECT_EQ(NextTick(world.state, world.now), world.now);
  world.Do(Tick{0});
  EXPECT_EQ(world.streams.size(), 1U);
}

TEST(StepTest, WrongBytesAreFetchedOnceMoreAndThenFailWithBothDigests) {
  World world(PlainRules(1), {{10}}, 1);
  for (int attempt = 0; attempt < 2; ++attempt) {
    OpenAll(world);
    ASSERT_EQ(world.streams.size(), 1U);
    world.Move(world.streams.begin()->first);
    world.AnswerCommit(0, 100);
  }
  EXPECT_EQ(world.finished, DataLoss("expected a, got b"));
  ASSERT_EQ(world.said.size(), 1U);
  EXPECT_THAT(world.said[0], HasSubstr("expected a, got b; it is fetched once more"));
}

TEST(StepTest, SilenceIsEndedAndPlannedAnewAndSaid) {
  World world(PlainRules(1), {{10}}, 1);
  OpenAll(world);
  world.now += seconds(59);
  world.Do(Tick{0});
  EXPECT_FALSE(world.streams.at(1).cancelled);
  EXPECT_EQ(WaitingFor(world.state, world.now), "no byte came for 59 s");
  world.now += seconds(1);
  world.Do(Tick{0});
  ASSERT_TRUE(world.streams.at(1).cancelled);
  EXPECT_THAT(world.said.at(0), HasSubstr("no byte came for 60 s"));
  world.EndStream(1, Cancelled("cancelled"));
  world.now = NextTick(world.state, world.now);
  world.Do(Tick{0});
  EXPECT_EQ(world.streams.size(), 1U);
}

TEST(StepTest, NothingToFetchIsFinishedAtOnce) {
  World world(PlainRules(4), {}, 1);
  EXPECT_EQ(world.finished, OkStatus());
}

TEST(StepTest, TenThousandFilesTakeAboutThreeEventsEach) {
  World world(PlainRules(16), std::vector<FileToFetch>(10'000, FileToFetch{10'240}), 1);
  int events = 0;
  for (; !world.finished && events < 100'000; ++events) {
    if (!world.opens.empty()) {
      const FileIndex index = World::Take(world.opens, 0);
      world.files[index].open = true;
      world.Do(Opened{index, world.files[index].pieces});
    } else if (!world.commits.empty()) {
      world.AnswerCommit(0, 0);
    } else {
      world.Move(world.streams.begin()->first);
    }
  }
  EXPECT_EQ(world.finished, OkStatus());
  EXPECT_EQ(world.reads, 10'000);
  EXPECT_EQ(events, 30'000);
}

}  // namespace
}  // namespace ballast::fetch
