// metav1.MicroTime, where api/timestamp.h is metav1.Time: "2024-01-31T23:59:59.000001Z".
#pragma once

#include <string>

#include "base/clock.h"

namespace ballast {

std::string FormatKubeMicroTime(WallTime time);

}  // namespace ballast
