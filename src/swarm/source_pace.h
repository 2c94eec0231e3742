// How many pieces each node may be asked for at once: a node on a slow link must not be given as many as the others.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "swarm/messages.h"

namespace ballast {

// A receiver's own line slows all that it gets alike; a source's own line slows what comes from it beside what the same
// receiver gets from others. Only that counts against a source: its limit shrinks, and grows again piece by piece.
class SourcePace {
 public:
  explicit SourcePace(uint32_t most) : most_(most) {}

  // A piece of `bytes` came from `source` to `receiver` in `took`.
  void Note(NodeId source, NodeId receiver, uint64_t bytes, Duration took);
  // It did not come in time.
  void NoteSlow(NodeId source) { LimitOf(source) = 1; }
  uint32_t Limit(NodeId source) const;

 private:
  double& LimitOf(NodeId source);

  const double most_;
  std::vector<double> limits_;
  // What a receiver gets by pieces of one size; of another size it begins anew.
  struct Usual {
    uint64_t bytes = 0;
    double seconds = 0;  // smoothed
  };
  std::vector<Usual> receivers_;
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
