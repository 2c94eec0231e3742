// Waiting between attempts, so that tests need not: they pass a Pause that only takes notes.
#pragma once

#include <functional>
#include <stop_token>

#include "base/clock.h"

namespace ballast {

// Returns after `wait`, or as soon as `stop` is requested.
using Pause = std::function<void(Duration wait, const std::stop_token& stop)>;

Pause RealPause();

}  // namespace ballast
