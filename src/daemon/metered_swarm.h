// The swarm as one download sees it, counted.
#pragma once

#include <memory>
#include <string>

#include "daemon/metrics.h"
#include "daemon/transfer_counts.h"
#include "swarm/membership.h"
#include "swarm/swarm.h"

namespace ballast {

// Thread-safe. One per download.
class MeteredSwarm final : public Swarm {
 public:
  // All of it outlives this.
  struct Parts {
    Swarm& swarm;
    const Membership& membership;
    DaemonMetrics& metrics;
    TransferCounts& counts;
  };
  explicit MeteredSwarm(const Parts& parts) : parts_(parts) {}

  std::unique_ptr<SwarmSession> Join(const Manifest& manifest, SwarmListener& listener) override;
  Status ReadPiece(NodeId peer, const Digest& blob, ByteRange range, std::span<std::byte> into,
                   std::stop_token stop) override;
  std::string NameOf(NodeId node) const override { return parts_.swarm.NameOf(node); }

 private:
  TransferCounts::Who Whom(NodeId peer) const;

  const Parts parts_;
};

}  // namespace ballast
