#include "kube/lease_record.h"

#include <algorithm>

#include "kube/kube_time.h"

namespace ballast {
namespace {

int64_t Seconds(Duration duration) { return std::chrono::ceil<std::chrono::seconds>(duration).count(); }

}  // namespace

void LeaseSighting::See(const Json& lease, SteadyTime now) {
  const std::string version = ResourceVersionOf(lease);
  if (version == resource_version) return;
  resource_version = version;
  since = now;
  holder = StringAt(lease, "/spec/holderIdentity");
  // Foreign: what is no sensible length must not make us wait for ever.
  const int64_t seconds = std::clamp<int64_t>(IntAt(lease, "/spec/leaseDurationSeconds"), 0, 3600);
  duration = std::chrono::seconds(seconds);
}

LeaseAction DecideLease(const std::optional<LeaseSighting>& seen, const std::string& self, SteadyTime now) {
  if (!seen) return LeaseAction::kCreate;
  if (seen->holder == self) return LeaseAction::kRenew;
  if (seen->holder.empty() || now - seen->since >= seen->duration) return LeaseAction::kAcquire;
  return LeaseAction::kWait;
}

Json WriteLease(Json lease, const ObjectName& name, const std::string& holder, const ElectionTimes& times,
                WallTime now) {
  if (lease.is_null()) {
    lease = {{"apiVersion", kLeases.ApiVersion()},
             {"kind", "Lease"},
             {"metadata", {{"namespace", name.ns}, {"name", name.name}}}};
  }
  Json& spec = lease["spec"];
  if (!spec.is_object()) spec = Json::object();
  if (StringAt(lease, "/spec/holderIdentity") != holder && !holder.empty()) {
    spec["acquireTime"] = FormatKubeMicroTime(now);
    spec["leaseTransitions"] = IntAt(lease, "/spec/leaseTransitions") + 1;
  }
  spec["holderIdentity"] = holder;
  spec["leaseDurationSeconds"] = holder.empty() ? 1 : std::max<int64_t>(1, Seconds(times.lease));
  spec["renewTime"] = FormatKubeMicroTime(now);
  return lease;
}

}  // namespace ballast
