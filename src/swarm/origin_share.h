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
// origin is kept about as busy without it. Where it is not, for the others are slow, or few, it goes on, and is held
// back the less often the more often that was in vain. Not thread-safe.
class OriginShare {
 public:
  // A piece of so many bytes came from the origin. `nodes`: so many are sent there at once, at least 1.
  void Note(NodeId node, uint32_t nodes, uint64_t bytes, SteadyTime now);
  bool MustWait(NodeId node, uint32_t nodes, SteadyTime now);

 private:
  struct Taken {
    double bytes = 0;  // what is older counts less: in units of newest_
    bool held_back = false;
    uint32_t in_vain = 0;        // times that it was held back and the line fell idle
    uint64_t excused_until = 0;  // arrivals
  };
  struct Arrival {
    SteadyTime at;
    uint64_t bytes;
  };

  Taken& Of(NodeId node);
  double Rate(SteadyTime now) const;
  void Excuse(Taken& taken) const;

  std::vector<Taken> taken_;
  double all_ = 0;
  double newest_ = 1;
  std::deque<Arrival> arrivals_;  // the last of them
  uint64_t arrived_ = 0;
  uint64_t last_bytes_ = 0;    // of a piece
  uint64_t window_bytes_ = 0;  // of all arrivals_
  double busiest_ = 0;         // bytes per second, at best; 0: not known yet
  size_t held_back_ = 0;       // so many arrivals may be slower because somebody waited
};

}  // namespace ballast
