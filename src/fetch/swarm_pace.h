// How long a piece may take in a swarm before it is late.
#pragma once

#include "fetch/step.h"

namespace ballast::fetch {

// Remembers how long a piece of so many bytes took.
void NotePace(Pace& pace, Duration took, uint64_t bytes);

// A node's piece: so long after it began, another source is asked for.
Duration LateAfter(const State& state, const Stream& stream, bool at_the_end);
// A run from the origin: so long without a piece, and it is given back.
Duration SilentAfter(const State& state, const Stream& stream);

}  // namespace ballast::fetch
