// Whom nodes trust: the CA, and those before it until the last certificate that they signed is over. So a CA can be
// replaced without a moment in which nodes refuse each other. Kept in the ConfigMap `ballast-ca`. Pure.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "kube/json.h"
#include "kube/resource.h"

namespace ballast::controller {

inline constexpr char kTrustKey[] = "ca.crt";
// When each CA before the current one is dropped: {"<hex of its SHA-256>": "2026-01-31T12:00:00Z"}.
inline constexpr char kFormerAnnotation[] = "ballast.dev/former-cas";

struct TrustBundle {
  std::string pem;                            // the current CA first
  std::map<std::string, std::string> former;  // as in the annotation

  friend bool operator==(const TrustBundle&, const TrustBundle&) = default;
};

// What there is; empty where there is nothing that can be read.
TrustBundle ReadTrust(const Json& config_map);

// `stored` with `authority` (PEM) as the current CA, without what is over at `now`. One that was current becomes a
// former one for as long as a certificate lasts. At most 8 in all, the oldest go first.
Result<TrustBundle> PlanTrust(const TrustBundle& stored, const std::string& authority, WallTime now);

// `config_map` (null: a new one of that name) with `bundle` in it; everything else stays.
Json WithTrust(const Json& config_map, const ObjectName& name, const TrustBundle& bundle);

}  // namespace ballast::controller
