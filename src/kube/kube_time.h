// Times as Kubernetes writes them: RFC 3339 in UTC.
#pragma once

#include <string>

#include "base/clock.h"

namespace ballast {

// metav1.Time: "2024-01-31T23:59:59Z"
std::string FormatKubeTime(WallTime time);
// metav1.MicroTime: "2024-01-31T23:59:59.000001Z"
std::string FormatKubeMicroTime(WallTime time);

}  // namespace ballast
