// What a person reads in the pod's events while a model warms. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "csi/cache_client.h"

namespace ballast::driver {

// "model hf://org/name@main is warming: 43 percent (12.3 of 28.6 GiB, 1.1 GiB/s, about 15 s)"; with what it waits for,
// if it does.
std::string WarmingText(const WarmProgress& progress);

// Until when a publish that was called at `now` waits: the caller's deadline less 5 s for the reply to arrive, but at
// least half of the time that it gives; two minutes less 5 s for a caller without a deadline.
SteadyTime WaitUntil(SteadyTime now, std::optional<SteadyTime> deadline);

}  // namespace ballast::driver
