// This node's part in swarms: its sessions, each with whoever coordinates the model now.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "swarm/control.h"
#include "swarm/coordinator_choice.h"
#include "swarm/coordinator_host.h"
#include "swarm/membership.h"
#include "swarm/node_table.h"
#include "swarm/swarm.h"

namespace ballast {

// Swarm::ReadPiece with the member that has the name; PieceClient stands behind it.
using ReadPieceFrom = std::function<Status(const Member& peer, const Digest& blob, ByteRange range,
                                           std::span<std::byte> into, std::stop_token stop)>;

class PeerSwarm final : public Swarm {
 public:
  // All of them outlive it.
  struct Parts {
    Membership& membership;
    NodeTable& nodes;
    ControlTransport& transport;
    CoordinatorHost& host;  // of this node
    ReadPieceFrom read_piece;
    const Clock& clock;
    CoordinatorChoicePolicy policy = {};
  };

  explicit PeerSwarm(Parts parts) : parts_(std::move(parts)) {}

  std::unique_ptr<SwarmSession> Join(const Manifest& manifest, SwarmListener& listener) override;
  // Unavailable also for a node that is no member (any more).
  Status ReadPiece(NodeId peer, const Digest& blob, ByteRange range, std::span<std::byte> into,
                   std::stop_token stop) override;
  std::string NameOf(NodeId node) const override { return parts_.nodes.NameOf(node); }

 private:
  const Parts parts_;
};

}  // namespace ballast
