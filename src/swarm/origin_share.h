// Who has taken how much from the origin lately, so that those who took less go first.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/clock.h"
#include "swarm/messages.h"

namespace ballast {

// A node whose line is free takes the origin's from those whose lines are full of other nodes' pieces. Soon it alone
// has what all the others want, and they wait for its upload. So whoever is ahead of the others waits, as long as the
// origin is kept as busy without it: where the others are slow, or few, nobody waits. Not thread-safe.
class OriginShare {
 public:
  // A piece came from the origin. `nodes`: so many can be sent there, at least 1.
  void Note(NodeId node, uint32_t nodes, SteadyTime now);
  bool MustWait(NodeId node, uint32_t nodes, SteadyTime now);

 private:
  double Rate(SteadyTime now) const;

  // Older pieces count less: all that came before are worth 1 / `newest_` of the next one.
  std::vector<double> taken_;
  double all_ = 0;
  double newest_ = 1;
  std::deque<SteadyTime> arrivals_;  // the last of them
  double busiest_ = 0;               // pieces per second, at best
  size_t held_back_ = 0;             // so many arrivals may be slower because somebody waited
};

}  // namespace ballast
