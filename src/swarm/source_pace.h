// How fast each node sends, and how many pieces it may therefore be asked for at once: a node on a slow link must not
// be given as many as the others.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "swarm/messages.h"

namespace ballast {

class SourcePace {
 public:
  // A piece of `bytes` came from `source` in `took`, while it sent `uploads` at once.
  void Note(NodeId source, uint64_t bytes, uint32_t uploads, Duration took);
  void NoteSlow(NodeId source);
  uint32_t Limit(NodeId source, uint32_t most) const;

 private:
  double& RateOf(NodeId source);

  std::vector<double> rates_;  // bytes per second, smoothed; 0: nothing known
  double typical_ = 0;
};

}  // namespace ballast
