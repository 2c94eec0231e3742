// Conditions of our objects, and the closed lists of their types and reasons. A reason is one word that a person looks
// up: each has a sentence here, and the documentation is made of them. Failures of nodes and refusals of caches use the
// same reasons.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/enum_names.h"
#include "api/timestamp.h"

namespace ballast {

enum class ConditionType {
  // ModelCache, ClusterModelCache
  kAvailable,
  kReady,  // of all kinds
  kProgressing,
  kDegraded,
  kSourceDrifted,
  kQuotaExceeded,  // of CacheNode, too
  kSecretNotReadable,
  // CachePolicy
  kConflict,
  kLargeEvictionPending,
  // CacheNode
  kSharesNodeFilesystem,  // of CachePolicy, too
  kDiskPressure,
  kCertificateReady,
};

enum class Reason {
  kAgentLost,
  kAlreadyConfirmed,
  kAwaitingConfirmation,
  kCacheDiskMissing,
  kCertificateExpired,
  kCertificateValid,
  kClusterQuotaExceeded,
  kDigestMismatch,
  kDiskFull,
  kDiskHasRoom,
  kDownloadFailed,
  kDownloading,
  kHighestPriority,
  kInvalidSpec,
  kNoCertificate,
  kNoCopy,
  kNoEvictionPending,
  kNodeNotReady,
  kNodeQuotaExceeded,
  kNodeTooSmall,
  kNodesFailed,
  kNodesWarm,
  kNodesWarming,
  kNotAdmitted,
  kNotAllowed,
  kOnDemand,
  kOriginUnreachable,
  kOwnFilesystem,
  kResolving,
  kRevisionGone,
  kRevisionMoved,
  kSamePriority,
  kSecretNotFound,
  kSecretNotReadable,
  kSecretReadable,
  kServing,
  kSharedFilesystem,
  kSourceNotFound,
  kStarting,
  kStoreTooNew,
  kSuspended,
  kTenantQuotaExceeded,
  kThresholdsTooHigh,
  kUnauthorized,
  kUnknownCache,
  kUpToDate,
  kWaitingForRoom,
  kWithinQuota,
};

enum class ConditionStatus { kTrue, kFalse, kUnknown };

// Type and reason are texts, since objects may hold those of other writers and of other versions of ours.
struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kUnknown;
  int64_t observed_generation = 0;
  std::optional<Timestamp> last_transition_time;
  std::string reason;
  std::string message;

  friend bool operator==(const Condition&, const Condition&) = default;
};

inline constexpr EnumNames<ConditionStatus, 3> kConditionStatuses = {
    {{ConditionStatus::kTrue, "True"}, {ConditionStatus::kFalse, "False"}, {ConditionStatus::kUnknown, "Unknown"}}};

// "Ready"; "AgentLost".
std::string_view NameOf(ConditionType type);
std::string_view NameOf(Reason reason);
// What it says and what to do, for people: a sentence or two.
std::string_view TextOf(ConditionType type);
std::string_view TextOf(Reason reason);
// All of them, by name.
const std::vector<ConditionType>& AllConditionTypes();
const std::vector<Reason>& AllReasons();

// nullptr: none of that type.
const Condition* FindCondition(const std::vector<Condition>& conditions, ConditionType type);

// Puts one statement into `conditions`, in place of the one of its type; last_transition_time moves to `now` only where
// the status changes. The type's others stay.
void SetCondition(std::vector<Condition>& conditions, ConditionType type, ConditionStatus status, Reason reason,
                  std::string message, int64_t generation, Timestamp now);

template <typename Io>
void Fields(Io& io, Condition& condition) {
  io.Require("type");
  io.Field("type", condition.type);
  io.Require("status");
  io.Choice("status", kConditionStatuses, condition.status);
  io.Number("observedGeneration", condition.observed_generation, 0, INT64_MAX);
  io.Require("lastTransitionTime");
  io.Field("lastTransitionTime", condition.last_transition_time);
  io.Require("reason");
  io.Field("reason", condition.reason);
  io.Require("message");
  io.Field("message", condition.message);
}

}  // namespace ballast
