#include "base/failpoint.h"
#include "base/logging.h"
#include "base/strings.h"
#include "csi/node_server.h"

namespace ballast::driver {

Status NodeServer::Unpublish(const std::string& volume_id, const std::string& target_path) {
  ASSIGN_OR_RETURN(const LeaseKey key, CheckTarget(volume_id, target_path));
  const KeyLocks::Hold hold = parts_.locks.TryLock(key.target_path);
  if (!hold) return Aborted(StrCat("an operation on ", Quoted(key.target_path), " is in flight already; try again"));
  RETURN_IF_ERROR(Clear(key.target_path));
  Failpoint("unpublish.cleared");
  parts_.leases.GiveUp(key);
  return OkStatus();
}

// Each turn takes one thing away, so it ends; a mount that appears again and again would be somebody else's loop.
Status NodeServer::Clear(const std::string& target) {
  for (;;) {
    ASSIGN_OR_RETURN(const TargetState state, parts_.mounter.Inspect(target));
    const UnpublishPlan plan = PlanUnpublish(state);
    switch (plan.action) {
      case UnpublishPlan::Action::kDone:
        return OkStatus();
      case UnpublishPlan::Action::kRefuse:
        return plan.refusal;
      case UnpublishPlan::Action::kRemoveDirectory:
        return parts_.mounter.RemoveTarget(target);
      case UnpublishPlan::Action::kUnmount:
        Failpoint("unpublish.begun");
        RETURN_IF_ERROR(parts_.mounter.Unmount(target));
        Failpoint("unpublish.unmounted");
        LOG(INFO) << Message("Volume is unmounted").With("target", target).With("view", state.view.view);
        break;
    }
  }
}

}  // namespace ballast::driver
