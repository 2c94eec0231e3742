// How this node's control channel goes over a network, in both directions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "daemon/swarm_config.h"
#include "peering/agent_grpc_service.h"
#include "swarm/control.h"
#include "swarm/membership.h"
#include "swarm/node_table.h"

namespace ballast {

class SwarmCredentials;

class ControlLink {
 public:
  virtual ~ControlLink() = default;
  virtual ControlTransport& transport() = 0;
  // Listens, and lets others ask `service`, which outlives Stop(). To be called once.
  virtual Status Serve(PeerService& service) = 0;
  // The credentials may be others now.
  virtual void Refresh() = 0;
  // Nobody asks any more.
  virtual void Stop() = 0;
  virtual uint16_t port() const = 0;
};

// What a link is made of; all of it outlives the link.
struct ControlLinkParts {
  const SwarmConfig& config;
  const Membership& membership;
  NodeTable& nodes;
  const SwarmCredentials* credentials;  // null: plaintext
  const Clock& clock;
  AgentProgress progress = {};  // for the operator; none: there is no operator
};
using MakeControlLink = std::function<Result<std::unique_ptr<ControlLink>>(const ControlLinkParts&)>;

}  // namespace ballast
