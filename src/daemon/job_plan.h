// When a download job runs, waits, reports and goes: pure decisions. model_manager.h carries them out.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace ballast {

enum class JobPhase {
  kQueued,   // wants a slot
  kRunning,  // an attempt is at work
  kWaiting,  // the last attempt failed with what a later one may cure; the next comes at `due`
  kReady,    // the model is here
  kFailed,   // the last attempt ended with what its callers are told
};
std::string_view JobPhaseName(JobPhase phase);

struct JobTimes {
  Duration failure_memory = std::chrono::seconds(5);  // a failure answers new callers this long, without a new attempt
  Duration patience = std::chrono::minutes(10);       // a waiting job that nobody wants or watches goes after this
  Duration poll = std::chrono::minutes(5);            // updatePolicy Automatic asks the origin this often
  Duration longest_wait = std::chrono::minutes(10);   // however long an origin asks us to wait
};

struct JobFacts {
  JobPhase phase = JobPhase::kQueued;
  bool wanted = false;     // by a cache of the manifest folder, or by a volume that is mounted early
  bool automatic = false;  // that follows its revision
  int watchers = 0;        // calls that wait for it
  SteadyTime since{};      // when it came into this phase
  SteadyTime due{};        // kWaiting, kReady and kFailed: when a next attempt is due
  SteadyTime watched{};    // when the last watcher left

  friend bool operator==(const JobFacts&, const JobFacts&) = default;
};

enum class JobAction { kNone, kStart, kForget };
struct JobStep {
  JobAction action = JobAction::kNone;
  std::optional<SteadyTime> wake;  // ask again then at the latest
};

JobStep NextStep(const JobFacts& job, bool slot_free, SteadyTime now, const JobTimes& times);

// How an attempt ended.
struct AttemptEnd {
  Status status;
  bool stale = false;  // OK, but with what was here, because the origin did not answer
  Duration backoff{};  // what the job's Backoff gives for its next attempt
};

// The job after its attempt. kRunning in, never kRunning out.
JobFacts AfterAttempt(JobFacts job, const AttemptEnd& end, SteadyTime now, const JobTimes& times);

// The job after a new caller: what failed a while ago is tried again, what is ready is looked at again (it costs
// nothing when all is here), everything else goes on.
JobFacts AfterDemand(JobFacts job, SteadyTime now, const JobTimes& times);

// The job that failed for want of room, now that there is some: what is wanted is tried at once, and the next demand is
// not answered from memory.
JobFacts AfterRoomWasMade(JobFacts job, SteadyTime now, const JobTimes& times);

// The job whose model was here, and is no more: where somebody wants it, or waits, it begins anew.
JobFacts AfterLoss(JobFacts job, SteadyTime now);

// A failure that waits for a cure on the callers' behalf, rather than ending their calls. No room is told at once: only
// a person makes some.
bool WaitsForCure(const Status& failure);

}  // namespace ballast
