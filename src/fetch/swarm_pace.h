// How long a piece takes in a swarm, and from when on it is late.
#pragma once

#include <optional>

#include "fetch/step.h"

namespace ballast::fetch {

// Remembers how long a piece of so many bytes took.
void NotePace(Pace& pace, Duration took, uint64_t bytes);

// A node's piece: so long after it began, another source is asked for.
Duration LateAfter(const State& state, const Stream& stream, bool at_the_end);
// A run from the origin: so long without a piece, and it is given back.
Duration SilentAfter(const State& state, const Stream& stream);
// From one to the next of the pieces that come from nodes over `slots` streams; nothing while that is not known.
std::optional<Duration> IntervalOf(const State& state, uint64_t piece_size, uint32_t slots);

// Slots besides the others while reports gather: 0 for a model that is too small for it.
inline uint32_t SlotsToGather(const State& state) {
  return state.bytes_total >= state.rules.swarm->gather_from ? 1 : 0;
}

}  // namespace ballast::fetch
