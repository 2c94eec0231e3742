#include "daemon/job_plan.h"

#include <gtest/gtest.h>

#include <functional>

namespace ballast {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr JobTimes kTimes;
const SteadyTime kNow = SteadyTime(hours(1000));

// Every combination of facts, with times around the borders that the rules speak of.
void ForEveryJob(const std::function<void(const JobFacts&, bool slot_free)>& visit) {
  const std::vector<Duration> offsets = {-hours(1), -kTimes.failure_memory, -seconds(1), Duration(0), seconds(1),
                                         hours(1)};
  for (int phase = 0; phase <= static_cast<int>(JobPhase::kFailed); ++phase) {
    for (int bits = 0; bits < 16; ++bits) {
      for (const Duration since : offsets) {
        for (const Duration due : offsets) {
          for (const Duration watched : offsets) {
            visit({.phase = static_cast<JobPhase>(phase),
                   .wanted = (bits & 1) != 0,
                   .automatic = (bits & 2) != 0,
                   .watchers = (bits & 4) != 0 ? 2 : 0,
                   .since = kNow + since,
                   .due = kNow + due,
                   .watched = kNow + watched},
                  (bits & 8) != 0);
          }
        }
      }
    }
  }
}

const std::vector<Status> kEnds = {
    OkStatus(),      Unavailable("down"),      ResourceExhausted("full"),
    NotFound("no"),  DataLoss("bad"),          FailedPrecondition("too big"),
    Aborted("busy"), Unauthenticated("token"), Unavailable("slow down").WithRetryAfter(hours(10'000))};

TEST(JobPlanTest, NothingStartsWithoutASlotOrTwice) {
  ForEveryJob([](const JobFacts& job, bool slot_free) {
    if (NextStep(job, slot_free, kNow, kTimes).action != JobAction::kStart) return;
    EXPECT_TRUE(slot_free);
    EXPECT_NE(job.phase, JobPhase::kRunning);
  });
}

TEST(JobPlanTest, NothingThatSomebodyWantsOrWatchesIsForgotten) {
  ForEveryJob([](const JobFacts& job, bool slot_free) {
    if (NextStep(job, slot_free, kNow, kTimes).action == JobAction::kForget) {
      EXPECT_TRUE(!job.wanted && job.watchers == 0);
    }
  });
}

TEST(JobPlanTest, ARunningJobIsLeftAlone) {
  ForEveryJob([](const JobFacts& job, bool slot_free) {
    if (job.phase == JobPhase::kRunning) {
      EXPECT_EQ(NextStep(job, slot_free, kNow, kTimes).action, JobAction::kNone);
    }
  });
}

TEST(JobPlanTest, AnIdleStepOfAJobThatTimeWillMoveNamesALaterTime) {
  ForEveryJob([](const JobFacts& job, bool) {
    const JobStep step = NextStep(job, true, kNow, kTimes);
    if (step.wake) {
      EXPECT_GT(*step.wake, kNow);
    }
    const bool timed =
        job.phase == JobPhase::kWaiting || (job.phase == JobPhase::kFailed && (job.wanted || job.watchers == 0));
    if (timed && step.action == JobAction::kNone) {
      EXPECT_TRUE(step.wake.has_value());
    }
  });
}

TEST(JobPlanTest, WhatAWantedCacheLacksIsTriedForEver) {
  ForEveryJob([](JobFacts job, bool) {
    job.phase = JobPhase::kRunning;
    job.wanted = true;
    for (const Status& end : kEnds) {
      if (end.ok()) continue;
      const JobFacts after = AfterAttempt(job, {.status = end, .backoff = seconds(3)}, kNow, kTimes);
      EXPECT_EQ(NextStep(after, true, after.due, kTimes).action, JobAction::kStart) << end;
      EXPECT_LE(after.due, kNow + kTimes.longest_wait);
      EXPECT_GE(after.due, kNow + seconds(3));
    }
  });
}

TEST(JobPlanTest, AnAttemptEndsInReadyWaitingOrFailed) {
  ForEveryJob([](JobFacts job, bool) {
    job.phase = JobPhase::kRunning;
    for (const Status& end : kEnds) {
      const JobPhase phase = AfterAttempt(job, {.status = end, .backoff = seconds(3)}, kNow, kTimes).phase;
      EXPECT_EQ(phase == JobPhase::kReady, end.ok());
      EXPECT_EQ(phase == JobPhase::kWaiting, WaitsForCure(end));
    }
  });
}

TEST(JobPlanTest, NoRoomAndWrongInputEndTheCallAndADownedHubDoesNot) {
  EXPECT_TRUE(WaitsForCure(Unavailable("hub answers 503")));
  EXPECT_FALSE(WaitsForCure(ResourceExhausted("needs 28.6 GiB")));
  EXPECT_FALSE(WaitsForCure(NotFound("no such repository")));
}

TEST(JobPlanTest, AFailureAnswersAtOnceForAWhileAndIsTriedAgainOnTheNextDemand) {
  const JobFacts failed =
      AfterAttempt({.phase = JobPhase::kRunning}, {.status = NotFound("x"), .backoff = hours(1)}, kNow, kTimes);
  EXPECT_EQ(AfterDemand(failed, kNow + seconds(1), kTimes).phase, JobPhase::kFailed);
  EXPECT_EQ(AfterDemand(failed, kNow + kTimes.failure_memory, kTimes).phase, JobPhase::kQueued);
}

TEST(JobPlanTest, OnceThereIsRoomAFailedJobIsTriedAtOnceOrOnTheNextDemand) {
  const Status full = ResourceExhausted("full");
  const JobFacts failed =
      AfterAttempt({.phase = JobPhase::kRunning, .wanted = true}, {.status = full, .backoff = hours(1)}, kNow, kTimes);
  const JobFacts freed = AfterRoomWasMade(failed, kNow + seconds(1), kTimes);
  EXPECT_EQ(NextStep(freed, true, kNow + seconds(1), kTimes).action, JobAction::kStart);
  EXPECT_EQ(AfterDemand(freed, kNow + seconds(1), kTimes).phase, JobPhase::kQueued);
}

TEST(JobPlanTest, AModelThatIsGoneIsFetchedAgainWhereSomebodyWantsIt) {
  ForEveryJob([](const JobFacts& job, bool) {
    const bool begins = job.phase == JobPhase::kReady && (job.wanted || job.watchers > 0);
    EXPECT_EQ(AfterLoss(job, kNow).phase, begins ? JobPhase::kQueued : job.phase);
  });
}

TEST(JobPlanTest, DemandLetsARunningAndAWaitingJobGoOnAsTheyAre) {
  ForEveryJob([](const JobFacts& job, bool) {
    if (job.phase == JobPhase::kRunning || job.phase == JobPhase::kWaiting) {
      EXPECT_EQ(AfterDemand(job, kNow, kTimes), job);
    }
  });
}

TEST(JobPlanTest, AWaitingJobThatEverybodyLeftGivesUpAfterAWhile) {
  const JobFacts job{.phase = JobPhase::kWaiting, .due = kNow + hours(5), .watched = kNow};
  EXPECT_EQ(NextStep(job, true, kNow + seconds(1), kTimes).action, JobAction::kNone);
  EXPECT_EQ(NextStep(job, true, kNow + kTimes.patience, kTimes).action, JobAction::kForget);
}

TEST(JobPlanTest, AnAutomaticCacheIsPolledAndSoonerAfterAStaleAnswer) {
  const JobFacts running{.phase = JobPhase::kRunning, .wanted = true, .automatic = true};
  const JobFacts fresh = AfterAttempt(running, {.backoff = seconds(3)}, kNow, kTimes);
  EXPECT_EQ(NextStep(fresh, true, kNow, kTimes).wake, kNow + kTimes.poll);
  const JobFacts stale = AfterAttempt(running, {.stale = true, .backoff = seconds(3)}, kNow, kTimes);
  EXPECT_EQ(NextStep(stale, true, kNow, kTimes).wake, kNow + seconds(3));
}

}  // namespace
}  // namespace ballast
