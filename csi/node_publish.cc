#include <string>

#include "base/failpoint.h"
#include "base/logging.h"
#include "base/strings.h"
#include "csi/node_server.h"
#include "csi/warming.h"

namespace ballast::driver {
namespace {

// To a caller NotFound means an unknown model; a view that went between reply and mount is there again at the next try.
Status MountError(const Status& status) {
  return status.code() == StatusCode::kNotFound ? Unavailable(status.message()) : status;
}

void LogPublished(const PublishOrder& order, const ReadyView& ready) {
  Message line("Volume is published");
  line.With("volume", order.key.volume_id).With("pod", order.context.pod).With("model", ready.model);
  line.With("commit", ready.commit).With("manifest", ready.manifest).With("target", order.key.target_path);
  if (!ready.warning.empty()) line.With("warning", ready.warning);
  LOG(INFO) << line;
}

}  // namespace

Status NodeServer::Publish(const PublishRequest& request, const CallContext& call) {
  ASSIGN_OR_RETURN(const LeaseKey key, CheckTarget(request.volume_id, request.target_path));
  const KeyLocks::Hold hold = parts_.locks.TryLock(key.target_path);
  if (!hold) return Aborted(StrCat("an operation on ", Quoted(key.target_path), " is in flight already; try again"));
  const auto order = CheckPublish(request);
  if (!order.ok()) return Fail(key, order.status(), std::nullopt);
  return PublishLocked(*order, call);
}

Status NodeServer::PublishLocked(const PublishOrder& order, const CallContext& call) {
  const auto target = parts_.mounter.Inspect(order.key.target_path);
  if (!target.ok()) return Fail(order.key, target.status(), std::nullopt);
  const PublishPlan plan =
      PlanPublish({.target = *target, .readonly = order.readonly, .can_idmap = parts_.mounter.CanIdmap()});
  switch (plan.action) {
    case PublishPlan::Action::kReplyMounted:
      return OkStatus();
    case PublishPlan::Action::kRefuse:
      return Fail(order.key, plan.refusal, std::nullopt);
    case PublishPlan::Action::kPrepareAndMount:
      break;
  }
  std::optional<WarmProgress> last;
  const Status done = PrepareAndMount(order, plan.idmapped, call, last);
  return done.ok() ? done : Fail(order.key, done, last);
}

Status NodeServer::PrepareAndMount(const PublishOrder& order, bool idmapped, const CallContext& call,
                                   std::optional<WarmProgress>& last) {
  parts_.leases.Touch(order.key);
  const PrepareCall prepare{.order = order.context.order,
                            .lease = order.key,
                            .pod = order.context.pod,
                            .pod_uid = order.context.pod_uid,
                            .token = order.token,
                            .read_only = order.readonly,
                            .deadline = WaitUntil(parts_.clock.Steady(), call.deadline),
                            .on_progress = [&](const WarmProgress& progress) {
                              last = progress;
                              return !call.cancelled();
                            }};
  const auto ready = parts_.cache.Prepare(prepare);
  parts_.leases.Touch(order.key);
  RETURN_IF_ERROR(ready.status());
  Failpoint("publish.prepared");
  RETURN_IF_ERROR(MountError(parts_.mounter.Mount(ready->view, order.key.target_path, idmapped)));
  Failpoint("publish.mounted");
  LogPublished(order, *ready);
  return OkStatus();
}

Status NodeServer::Fail(const LeaseKey& key, const Status& error, const std::optional<WarmProgress>& last) {
  const PublishFailure failure = PlanFailure(error, last, HoldsView(key.target_path));
  if (failure.release_lease) parts_.leases.GiveUp(key);
  return failure.reply;
}

bool NodeServer::HoldsView(const std::string& target) {
  const auto state = parts_.mounter.Inspect(target);
  return state.ok() && state->kind == TargetKind::kView;
}

}  // namespace ballast::driver
