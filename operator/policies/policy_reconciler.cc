#include "operator/policies/policy_reconciler.h"

#include "base/strings.h"

namespace ballast::controller {
namespace {

CachePolicySummary Summarize(const CachePolicySpec& spec) {
  return {spec.disk.quota ? FormatBytes(*spec.disk.quota) : "none",
          StrCat(spec.disk.high_threshold_percent, "% / ", spec.disk.low_threshold_percent, "%")};
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
  if (status == policy.status) return std::nullopt;
  return status;
}

}  // namespace ballast::controller
