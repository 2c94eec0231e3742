// Amounts as Kubernetes and Go write them: "500Gi", "1h30m".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast {

// A number of bytes below 2^63: digits with at most one '.', then Ki Mi Gi Ti Pi Ei (powers of 1024), k M G T P E (of
// 1000) or nothing. Parts of a byte are dropped.
Result<uint64_t> ParseByteQuantity(std::string_view text);

// Go's duration without sign: "720h", "1h30m", "1.5s", "250ms", "0". At most 100 years; parts of a millisecond are
// dropped.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

// The shortest text that ParseDuration() reads as this: "720h", "1h30m", "1s500ms", "0".
std::string DurationText(std::chrono::milliseconds duration);

}  // namespace ballast
