#include "csi/publish_plan.h"

#include "base/strings.h"
#include "csi/warming.h"

namespace ballast::driver {
namespace {

PublishPlan Refuse(Status refusal) { return {.action = PublishPlan::Action::kRefuse, .refusal = std::move(refusal)}; }
UnpublishPlan RefuseUnpublish(Status refusal) {
  return {.action = UnpublishPlan::Action::kRefuse, .refusal = std::move(refusal)};
}

// A volume that a pod may remount rw is only safe idmapped.
PublishPlan PlanMounted(const PublishFacts& facts) {
  if (facts.readonly || facts.target.view.idmapped) return {.action = PublishPlan::Action::kReplyMounted};
  return Refuse(
      AlreadyExists("the target is mounted for a caller that asked for readOnly: true, which would not hold for this "
                    "one; unpublish it first"));
}

PublishPlan PlanMount(const PublishFacts& facts) {
  if (facts.readonly) return {.action = PublishPlan::Action::kPrepareAndMount, .idmapped = false};
  if (facts.can_idmap.ok()) return {.action = PublishPlan::Action::kPrepareAndMount, .idmapped = true};
  return Refuse(InvalidArgument(StrCat(
      "set readOnly: true on the volume: on this node a volume that may be remounted rw cannot be kept read-only (",
      facts.can_idmap.message(), ")")));
}

}  // namespace

PublishPlan PlanPublish(const PublishFacts& facts) {
  const std::string& detail = facts.target.detail;
  switch (facts.target.kind) {
    case TargetKind::kView:
      return PlanMounted(facts);
    case TargetKind::kMissing:
    case TargetKind::kEmptyDirectory:
      return PlanMount(facts);
    case TargetKind::kNoParent:
      return Refuse(
          FailedPrecondition(StrCat("the directory ", detail, " that should hold the target path is missing")));
    case TargetKind::kFullDirectory:
      return Refuse(FailedPrecondition(
          StrCat("the target path holds files (", detail, "), which a mount would hide; move them away")));
    case TargetKind::kNotDirectory:
      return Refuse(FailedPrecondition("the target path is a file, not a directory; move it away"));
    case TargetKind::kSymlink:
      return Refuse(FailedPrecondition(
          StrCat("the target path leads through a symbolic link (", detail,
                 "), which is never followed; where the kubelet's own directory is a link, start the kubelet with its "
                 "real path as --root-dir")));
    case TargetKind::kForeignMount:
      return Refuse(
          FailedPrecondition(StrCat("something else is mounted at the target path: ", detail, "; unmount it")));
  }
  return Refuse(Internal("unknown kind of target"));
}

UnpublishPlan PlanUnpublish(const TargetState& target) {
  switch (target.kind) {
    case TargetKind::kView:
      return {.action = UnpublishPlan::Action::kUnmount};
    case TargetKind::kEmptyDirectory:
      return {.action = UnpublishPlan::Action::kRemoveDirectory};
    case TargetKind::kMissing:
    case TargetKind::kNoParent:
      return {.action = UnpublishPlan::Action::kDone};
    case TargetKind::kFullDirectory:
      return RefuseUnpublish(FailedPrecondition(StrCat("no volume is mounted at the target path, and it holds files (",
                                                       target.detail, ") that are not Ballast's; move them away")));
    case TargetKind::kNotDirectory:
      return RefuseUnpublish(FailedPrecondition("the target path is a file, not Ballast's; move it away"));
    case TargetKind::kSymlink:
      return RefuseUnpublish(FailedPrecondition(
          StrCat("the target path leads through a symbolic link (", target.detail, "), which is never followed")));
    case TargetKind::kForeignMount:
      return RefuseUnpublish(FailedPrecondition(
          StrCat("what is mounted at the target path is no view of this node's cache: ", target.detail,
                 "; it was left alone")));
  }
  return RefuseUnpublish(Internal("unknown kind of target"));
}

bool IsFinal(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
    case StatusCode::kCancelled:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kResourceExhausted:
    case StatusCode::kAborted:
    case StatusCode::kUnavailable:
      return false;
    default:
      return true;
  }
}

PublishFailure PlanFailure(const Status& error, const std::optional<WarmProgress>& last, bool mounted) {
  if (error.code() == StatusCode::kDeadlineExceeded) {
    const std::string text = last ? WarmingText(*last) : "the node's cache has not reported any progress yet";
    return {.reply = Unavailable(text)};
  }
  return {.reply = error, .release_lease = IsFinal(error) && !mounted};
}

}  // namespace ballast::driver
