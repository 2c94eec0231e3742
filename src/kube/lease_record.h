// A coordination.k8s.io Lease as the election reads and writes it, and the decision what to do about it.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "kube/resource.h"

namespace ballast {

inline const KubeResource kLeases{"coordination.k8s.io", "v1", "leases", true};

struct ElectionTimes {
  Duration lease = std::chrono::seconds(30);           // how long others leave the leader alone
  Duration renew_every = std::chrono::seconds(10);     // also how often the others look
  Duration renew_deadline = std::chrono::seconds(20);  // without a renewal for so long the leader is none; < lease
};

// What was last seen of the lease, and since when by our own clock. Times that others wrote are not looked at: their
// clocks may be wrong. Only whether the record changes counts.
struct LeaseSighting {
  std::string holder;    // "": nobody
  Duration duration{0};  // as the holder wrote it
  std::string resource_version;
  SteadyTime since;

  // Takes a new look at the lease: `since` moves only when it changed.
  void See(const Json& lease, SteadyTime now);
};

enum class LeaseAction { kCreate, kAcquire, kRenew, kWait };

// `seen`: nothing where there is no lease.
LeaseAction DecideLease(const std::optional<LeaseSighting>& seen, const std::string& self, SteadyTime now);

// `lease` (null: a new one called `name`) with `holder` in it; "" releases it. Takes over count as transitions.
Json WriteLease(Json lease, const ObjectName& name, const std::string& holder, const ElectionTimes& times,
                WallTime now);

}  // namespace ballast
