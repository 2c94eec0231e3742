// Which piece a node gets next, and from whom: the one decision that makes a swarm fast, as a pure function.
//
// The rules it keeps:
//   * a node is given only pieces that it lacks, is not being given, and that lie in its windows;
//   * from the origin: what nobody has and nobody fetches, in file order, in runs that become shorter as less is left;
//     a piece that was passed over by three rounds of others is given once more;
//   * from a node: to another zone only what nobody in that zone has and nobody brings there; of what can be had at
//     once the rarest, the own zone first; of its holders the least loaded, and none beyond its limit of uploads;
//   * never from a source that the node avoids, never without a hash to check it by.
#pragma once

#include <optional>
#include <span>

#include "swarm/swarm_view.h"

namespace ballast {

struct ChoicePolicy {
  uint32_t max_origin_nodes = 16;         // that fetch from the origin at once
  uint64_t origin_run_bytes = 256 << 20;  // the longest range that the origin is asked for
};

struct SourceRequest {
  NodeId node = 0;
  bool origin = false;              // it would begin a run from the origin
  bool nodes = false;               // it would begin a piece from a node
  std::span<const Window> windows;  // in the order of preference
  std::span<const NodeId> avoid;    // sources that did not work for this node
  uint32_t origin_capable = 1;      // nodes that can be sent to the origin, this one included
  uint32_t longest_run = 1;         // pieces that it should be sent there for at once
  uint32_t salt = 0;                // chooses among equals
};

// A run from the origin where there is one to begin, else one piece from a node. Nothing: neither can be had now.
std::optional<Assignment> ChooseSource(const SwarmView& view, const SourceRequest& request, const ChoicePolicy& policy);

// Another source for this very piece, in any zone. Nothing: there is none.
std::optional<Assignment> ChooseForPiece(const SwarmView& view, const SourceRequest& request, PieceIndex piece);

}  // namespace ballast
