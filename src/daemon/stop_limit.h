// How long a stop may take.
#pragma once

#include <chrono>

namespace ballast {

// Ends the process with status 1 and a word on stderr when `limit` is over. The store expects a kill at any moment, so
// nothing is lost by that; what takes so long is a disk that does not answer.
void LimitStop(std::chrono::seconds limit);

}  // namespace ballast
