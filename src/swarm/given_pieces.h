// Which pieces each node was given and has not brought yet. Keeps the view's counts in step.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "swarm/swarm_view.h"

namespace ballast {

struct Given {
  PieceIndex piece;
  NodeId source;
  SteadyTime at;
};

// Not thread-safe. A piece may be given to a node from several sources.
class GivenPieces {
 public:
  explicit GivenPieces(SwarmView& view) : view_(view) {}

  std::span<const Given> Of(NodeId node) const;
  std::optional<Given> Find(NodeId node, PieceIndex piece, NodeId source) const;
  // Nothing happens where it was given already.
  void Give(NodeId node, PieceIndex piece, NodeId source, SteadyTime now);
  void End(NodeId node, PieceIndex piece, NodeId source);
  void EndPiece(NodeId node, PieceIndex piece);  // from whomever
  void EndAll(NodeId node);

  // What the node was given and does not name: it had not heard of it when it wrote.
  struct OnTheWay {
    uint32_t from_nodes = 0;   // pieces
    uint32_t from_origin = 0;  // runs
  };
  OnTheWay NotNamed(NodeId node, std::span<const InFlight> named) const;

 private:
  std::vector<Given>& At(NodeId node);

  SwarmView& view_;
  std::vector<std::vector<Given>> by_node_;
};

}  // namespace ballast
