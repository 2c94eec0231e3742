#include "daemon/cluster/node_status.h"

#include <algorithm>

#include "api/policy_rules.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxMessage = 1024;  // crds/cachenodes.yaml

bool HasFailed(const JobSnapshot& job) {
  return job.phase == JobPhase::kFailed || (job.phase == JobPhase::kWaiting && !job.error.ok());
}

const CacheEntryStatus* Before(const CacheNodeStatus& status, const CacheEntry& entry) {
  const auto found = std::find_if(status.caches.begin(), status.caches.end(), [&](const CacheEntryStatus& one) {
    return one.cache == entry.cache && one.manifest == entry.manifest;
  });
  return found == status.caches.end() ? nullptr : &*found;
}

// Without `since`.
CacheEntryStatus Now(const CacheEntry& entry, const EntryFacts& facts) {
  CacheEntryStatus now{.cache = entry.cache, .manifest = entry.manifest, .phase = PhaseOf(facts)};
  if (facts.here) {
    now.bytes = facts.bytes;
  } else if (facts.job && HasFailed(*facts.job)) {
    now.bytes = facts.job->progress.bytes_done;
    now.reason = NameOf(ReasonOf(facts.job->error));
    now.message = facts.job->error.message().substr(0, kMaxMessage);
  } else if (facts.job) {
    now.bytes = facts.job->progress.bytes_total;
  } else if (!entry.pinned) {
    now.reason = NameOf(Reason::kOnDemand);
  }
  return now;
}

bool IsUnderWay(const CacheEntryStatus& one) {
  return one.phase == CachePhase::kWaiting || one.phase == CachePhase::kDownloading;
}

CacheEntryStatus EntryStatusOf(const CacheEntry& entry, const EntryFacts& facts, const CacheEntryStatus* before,
                               Timestamp time) {
  CacheEntryStatus now = Now(entry, facts);
  if (before == nullptr) {
    now.since = time;
    return now;
  }
  // Tried again, or forgotten by the scheduler: that is no news.
  if (before->phase == CachePhase::kFailed && IsUnderWay(now) && (entry.pinned || facts.job)) return *before;
  now.since = before->phase == now.phase && before->since ? before->since : time;
  return now;
}

CacheNodeSummary SummaryOf(const CacheNode& node, const NodeFindings& found) {
  size_t pinned = 0;
  size_t here = 0;
  for (size_t i = 0; i < node.spec.caches.size(); ++i) {
    if (!node.spec.caches[i].pinned) continue;
    ++pinned;
    here += found.entries[i].here ? 1 : 0;
  }
  return {.caches = StrCat(here, "/", pinned),
          .used = FormatBytes(found.usage.used_bytes),
          .quota = found.room.quota_bytes == 0 ? "none" : FormatBytes(found.room.quota_bytes)};
}

ConditionStatus TrueIf(bool holds) { return holds ? ConditionStatus::kTrue : ConditionStatus::kFalse; }

Reason DiskOf(const NodePolicy& policy, const NodeFindings& found) {
  if (!found.shares_node_filesystem) return Reason::kOwnFilesystem;
  return policy.high_threshold_percent > kSharedThreshold ? Reason::kThresholdsTooHigh : Reason::kSharedFilesystem;
}

// Sentences without numbers that move: each other text is a write.
std::vector<Condition> ConditionsOf(const CacheNode& node, const NodeFindings& found, Timestamp now) {
  std::vector<Condition> conditions = node.status.conditions;
  const int64_t generation = node.metadata.generation.value_or(0);
  const auto set = [&](ConditionType type, bool holds, Reason reason, std::string message) {
    SetCondition(conditions, type, TrueIf(holds), reason, std::move(message), generation, now);
  };
  set(ConditionType::kReady, true, Reason::kServing, "its agent serves");
  if (found.certificate)
    set(ConditionType::kCertificateReady, found.certificate->valid, found.certificate->reason,
        found.certificate->message);
  const Reason disk = DiskOf(node.spec.policy, found);
  set(ConditionType::kSharesNodeFilesystem, found.shares_node_filesystem, disk, std::string(TextOf(disk)));
  const Reason room = found.disk_pressure ? Reason::kDiskFull : Reason::kDiskHasRoom;
  set(ConditionType::kDiskPressure, found.disk_pressure, room, std::string(TextOf(room)));
  const bool over = found.room.quota_bytes != 0 && found.usage.used_bytes > found.room.quota_bytes;
  set(ConditionType::kQuotaExceeded, over, over ? Reason::kNodeQuotaExceeded : Reason::kWithinQuota,
      over ? StrCat("models take more than the quota of ", FormatBytes(found.room.quota_bytes),
                    "; nothing mounted is evicted: raise the quota, or end pods")
           : "models take no more than the quota");
  return conditions;
}

// What nobody would write for.
CacheNodeStatus Essence(CacheNodeStatus status) {
  status.disk = {.quota_bytes = status.disk.quota_bytes};
  status.summary.used = "";
  for (CacheEntryStatus& one : status.caches) {
    if (IsUnderWay(one)) {
      one.phase = CachePhase::kWaiting;
      one.reason = "";
    }
    one.bytes = one.phase == CachePhase::kReady ? one.bytes : 0;
    one.message = "";
    one.since = std::nullopt;
  }
  for (Condition& one : status.conditions) {
    if (one.type == NameOf(ConditionType::kCertificateReady)) one.message = "";  // names whoever did not answer last
  }
  return status;
}

// What is told at once.
CacheNodeStatus News(CacheNodeStatus status) {
  status = Essence(std::move(status));
  status.observed_generation = 0;
  status.summary.caches = "";
  for (Condition& one : status.conditions) one.observed_generation = 0;
  std::erase_if(status.caches, IsUnderWay);
  return status;
}

}  // namespace

CachePhase PhaseOf(const EntryFacts& facts) {
  if (facts.here) return CachePhase::kReady;
  if (!facts.job) return CachePhase::kWaiting;
  if (HasFailed(*facts.job)) return CachePhase::kFailed;
  return facts.job->phase == JobPhase::kRunning ? CachePhase::kDownloading : CachePhase::kWaiting;
}

Reason ReasonOf(const Status& failure) {
  switch (failure.code()) {
    case StatusCode::kUnauthenticated:
    case StatusCode::kPermissionDenied:
      return Reason::kUnauthorized;
    case StatusCode::kNotFound:
      return Reason::kSourceNotFound;
    case StatusCode::kResourceExhausted:
      return Reason::kWaitingForRoom;
    case StatusCode::kDataLoss:
      return Reason::kDigestMismatch;
    case StatusCode::kFailedPrecondition:  // CheckRoom(): can never fit
      return failure.message().starts_with("needs ") ? Reason::kNodeTooSmall : Reason::kDownloadFailed;
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
      return Reason::kOriginUnreachable;
    default:
      return Reason::kDownloadFailed;
  }
}

CacheNodeStatus StatusOf(const CacheNode& node, const NodeFindings& found, const std::vector<WantedCache>& wanted,
                         Timestamp now) {
  CacheNodeStatus status{.observed_generation = node.metadata.generation.value_or(0),
                         .summary = SummaryOf(node, found),
                         .agent = found.agent,
                         .disk = {.capacity_bytes = found.usage.disk_total_bytes,
                                  .available_bytes = found.usage.disk_free_bytes,
                                  .used_bytes = found.usage.used_bytes,
                                  .quota_bytes = found.room.quota_bytes},
                         .wanted = wanted,
                         .conditions = ConditionsOf(node, found, now)};
  for (size_t i = 0; i < node.spec.caches.size(); ++i) {
    const CacheEntry& entry = node.spec.caches[i];
    status.caches.push_back(EntryStatusOf(entry, found.entries[i], Before(node.status, entry), now));
  }
  return status;
}

Worth WorthOf(const CacheNodeStatus& before, const CacheNodeStatus& after) {
  if (Essence(before) == Essence(after)) return Worth::kNothing;
  return News(before) == News(after) ? Worth::kLater : Worth::kNow;
}

}  // namespace ballast
