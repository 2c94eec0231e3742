// Points in time as Kubernetes writes them: "2026-01-31T12:00:00Z".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast {

using Timestamp = std::chrono::sys_seconds;

std::string FormatTimestamp(Timestamp time);

// RFC 3339 with 'Z' or an offset, from year 1970 to 9999; a fraction of a second is dropped.
Result<Timestamp> ParseTimestamp(std::string_view text);

}  // namespace ballast
