#include "daemon/job_plan.h"

#include <algorithm>

namespace ballast {
namespace {

JobStep StartWhenDue(const JobFacts& job, bool slot_free, SteadyTime now) {
  if (now < job.due) return {JobAction::kNone, job.due};
  return {slot_free ? JobAction::kStart : JobAction::kNone, std::nullopt};
}

JobStep ForgetAt(SteadyTime when, SteadyTime now) {
  if (now < when) return {JobAction::kNone, when};
  return {JobAction::kForget, std::nullopt};
}

JobStep NextOfWaiting(const JobFacts& job, bool slot_free, SteadyTime now, const JobTimes& times) {
  const bool cared_for = job.wanted || job.watchers > 0;
  if (!cared_for && now >= job.watched + times.patience) return {JobAction::kForget, std::nullopt};
  return StartWhenDue(job, slot_free, now);
}

JobStep NextOfReady(const JobFacts& job, bool slot_free, SteadyTime now) {
  if (job.wanted && job.automatic) return StartWhenDue(job, slot_free, now);
  if (job.wanted || job.watchers > 0) return {};
  return {JobAction::kForget, std::nullopt};
}

JobStep NextOfFailed(const JobFacts& job, bool slot_free, SteadyTime now, const JobTimes& times) {
  if (job.wanted) return StartWhenDue(job, slot_free, now);
  if (job.watchers > 0) return {};
  return ForgetAt(job.since + times.failure_memory, now);
}

Duration WaitAfter(const AttemptEnd& end, const JobTimes& times) {
  return std::min<Duration>(std::max<Duration>(end.backoff, end.status.retry_after()), times.longest_wait);
}

}  // namespace

std::string_view JobPhaseName(JobPhase phase) {
  switch (phase) {
    case JobPhase::kQueued:
    case JobPhase::kWaiting:
      return "waiting";
    case JobPhase::kRunning:
      return "downloading";
    case JobPhase::kReady:
      return "ready";
    case JobPhase::kFailed:
      return "failed";
  }
  return "";
}

JobStep NextStep(const JobFacts& job, bool slot_free, SteadyTime now, const JobTimes& times) {
  switch (job.phase) {
    case JobPhase::kQueued:
      return {slot_free ? JobAction::kStart : JobAction::kNone, std::nullopt};
    case JobPhase::kRunning:
      return {};
    case JobPhase::kWaiting:
      return NextOfWaiting(job, slot_free, now, times);
    case JobPhase::kReady:
      return NextOfReady(job, slot_free, now);
    case JobPhase::kFailed:
      return NextOfFailed(job, slot_free, now, times);
  }
  return {};
}

bool WaitsForCure(const Status& failure) {
  return IsRetryable(failure) && failure.code() != StatusCode::kResourceExhausted;
}

JobFacts AfterAttempt(JobFacts job, const AttemptEnd& end, SteadyTime now, const JobTimes& times) {
  job.since = now;
  if (end.status.ok()) {
    job.phase = JobPhase::kReady;
    job.due = now + (end.stale ? WaitAfter(end, times) : times.poll);
    return job;
  }
  job.phase = WaitsForCure(end.status) ? JobPhase::kWaiting : JobPhase::kFailed;
  job.due = now + WaitAfter(end, times);
  return job;
}

JobFacts AfterRoomWasMade(JobFacts job, SteadyTime now, const JobTimes& times) {
  if (job.phase != JobPhase::kFailed) return job;
  job.due = now;
  job.since = now - times.failure_memory;
  return job;
}

JobFacts AfterLoss(JobFacts job, SteadyTime now) {
  if (job.phase != JobPhase::kReady || (!job.wanted && job.watchers == 0)) return job;
  job.phase = JobPhase::kQueued;
  job.since = now;
  return job;
}

JobFacts AfterDemand(JobFacts job, SteadyTime now, const JobTimes& times) {
  const bool forgotten = job.phase == JobPhase::kFailed && now >= job.since + times.failure_memory;
  if (!forgotten && job.phase != JobPhase::kReady) return job;
  job.phase = JobPhase::kQueued;
  job.since = now;
  return job;
}

}  // namespace ballast
