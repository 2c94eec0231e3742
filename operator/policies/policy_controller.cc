#include "operator/policies/policy_controller.h"

#include "operator/merge_diff.h"
#include "operator/policies/policy_reconciler.h"

namespace ballast::controller {

PolicyController::PolicyController(KubeClient& client, ClusterView& view, const Clock& clock,
                                   const PlacementBoard& board)
    : client_(client),
      view_(view),
      clock_(clock),
      board_(board),
      controller_("policies", clock,
                  [this](const std::string& policy, const std::stop_token& stop) { return Reconcile(policy, stop); }) {}

Result<RequeueAfter> PolicyController::Reconcile(const std::string& policy, const std::stop_token& stop) {
  const auto object = view_.policies().Get(policy);
  if (object == nullptr) return RequeueAfter();
  const auto board = board_.Read();
  PolicyObserved observed{.policy = *object, .now = std::chrono::floor<std::chrono::seconds>(clock_.Now())};
  if (const auto found = board->policies.nodes.find(policy); found != board->policies.nodes.end()) {
    observed.nodes = found->second;
  }
  if (const auto found = board->policies.conflicts.find(policy); found != board->policies.conflicts.end()) {
    observed.conflicts = found->second;
  }
  if (const auto found = board->policies.too_high.find(policy); found != board->policies.too_high.end()) {
    observed.too_high = found->second;
  }
  if (const auto found = board->large_evictions.of_policy.find(policy); found != board->large_evictions.of_policy.end())
    observed.eviction = found->second;
  const auto status = ReconcilePolicy(observed);
  if (!status) return RequeueAfter();
  CachePolicy after = *object;
  after.status = *status;
  const Json patch = StatusPatch(ToJson(*object), ToJson(after));
  const Status written = client_.Patch(kCachePolicies, {"", policy}, patch, Subresource::kStatus, stop).status();
  if (!written.ok() && written.code() != StatusCode::kNotFound) return written;
  return RequeueAfter();
}

}  // namespace ballast::controller
