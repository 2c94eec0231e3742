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

// Not thread-safe.
class OriginPace {
 public:
  // A piece that was given at `given_at` came.
  void Note(NodeId node, SteadyTime given_at, SteadyTime now);
  // Pieces that the node is sent for at once: as much as comes in a moment, long enough to be worth a request, short
  // enough that a node which falls behind keeps nobody waiting.
  uint32_t LongestRun(NodeId node) const;

 private:
  struct Known {
    SteadyTime last{};     // when a piece came
    Duration per_piece{};  // smoothed; 0: not known
  };
  std::vector<Known> known_;
};

}  // namespace ballast
