#include "operator/policies/policy_reconciler.h"

#include "base/strings.h"

namespace ballast::controller {
namespace {

CachePolicySummary Summarize(const CachePolicySpec& spec) {
  return {spec.disk.quota ? FormatBytes(*spec.disk.quota) : "none",
          StrCat(spec.disk.high_threshold_percent, "% / ", spec.disk.low_threshold_percent, "%")};
}

std::string Waits(const LargeEviction& eviction, const std::string& policy) {
  const PendingEvictions& what = eviction.what;
  return StrCat(
      "the change evicts more than half of what nodes have, up to ", FormatBytes(what.bytes), " on ", what.node_count,
      what.node_count == 1 ? " node" : " nodes",
      " (status.pendingEvictions), and begins at status.pendingEvictions.beginsAt. To begin now: kubectl annotate "
      "cachepolicy ",
      policy, " ", kConfirmAnnotation, "=", what.generation, "; to call it off, change the policy back");
}

void SayWhatIsEvicted(const PolicyObserved& observed, CachePolicyStatus& status) {
  const std::optional<LargeEviction>& eviction = observed.eviction;
  const bool waits = eviction && !eviction->released;
  const Reason reason = waits      ? Reason::kAwaitingConfirmation
                        : eviction ? Reason::kAlreadyConfirmed
                                   : Reason::kNoEvictionPending;
  status.pending_evictions = eviction ? std::optional(eviction->what) : std::nullopt;
  SetCondition(status.conditions, ConditionType::kLargeEvictionPending,
               waits ? ConditionStatus::kTrue : ConditionStatus::kFalse, reason,
               waits ? Waits(*eviction, observed.policy.metadata.name) : std::string(TextOf(reason)),
               status.observed_generation, observed.now);
}

// Nothing is said of a policy that holds everywhere.
void SayWhereItDoesNotHold(const PolicyObserved& observed, CachePolicyStatus& status) {
  const std::set<std::string>& nodes = observed.too_high;
  if (nodes.empty()) {
    std::erase_if(status.conditions,
                  [](const Condition& one) { return one.type == NameOf(ConditionType::kSharesNodeFilesystem); });
    return;
  }
  SetCondition(status.conditions, ConditionType::kSharesNodeFilesystem, ConditionStatus::kTrue,
               Reason::kThresholdsTooHigh,
               StrCat(TextOf(Reason::kThresholdsTooHigh), " So it is on ", nodes.size(),
                      nodes.size() == 1 ? " node: " : " nodes, among them ", *nodes.begin()),
               status.observed_generation, observed.now);
}

}  // namespace

std::optional<CachePolicyStatus> ReconcilePolicy(const PolicyObserved& observed) {
  const CachePolicy& policy = observed.policy;
  CachePolicyStatus status = policy.status;
  status.observed_generation = policy.metadata.generation.value_or(0);
  status.nodes = observed.nodes;
  status.summary = Summarize(policy.spec);
  const auto set = [&](ConditionStatus value, Reason reason, const std::string& message) {
    SetCondition(status.conditions, ConditionType::kConflict, value, reason, message, status.observed_generation,
                 observed.now);
  };
  if (observed.conflicts.empty()) {
    set(ConditionStatus::kFalse, Reason::kHighestPriority, std::string(TextOf(Reason::kHighestPriority)));
  } else {
    const std::vector<std::string> names(observed.conflicts.begin(), observed.conflicts.end());
    set(ConditionStatus::kTrue, Reason::kSamePriority,
        StrCat("priority ", policy.spec.priority, " and some of the nodes are also those of ", Join(names, ", "),
               "; the oldest of them governs these nodes. Change a priority"));
  }
  SayWhatIsEvicted(observed, status);
  SayWhereItDoesNotHold(observed, status);
  if (status == policy.status) return std::nullopt;
  return status;
}

}  // namespace ballast::controller
