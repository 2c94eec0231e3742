// The control channel's server: what a node answers to the others, over gRPC and TLS.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "base/worker_pool.h"
#include "peering/agent_grpc_service.h"
#include "peering/grpc_listener.h"
#include "peering/peer_tls.h"
#include "swarm/control.h"
#include "swarm/membership.h"
#include "swarm/node_table.h"

namespace ballast {

// The metadata that names the caller where there is no TLS to do it.
inline constexpr char kPlaintextNodeKey[] = "ballast-node";

struct PeerServerOptions {
  std::string host = "::";                    // to listen at
  uint16_t port = 0;                          // 0: a free one
  bool plaintext = false;                     // nobody's name is checked: for networks that do it, and for measurements
  Duration drain = std::chrono::seconds(10);  // connections from before a reload of certificates end within
};

// Thread-safe.
class PeerServer {
 public:
  // All of them outlive it.
  struct Parts {
    PeerService& service;
    NodeTable& nodes;
    const Membership& membership;
    CredentialsProvider credentials;  // not asked in plaintext; while it has none, connections are closed
    const Clock& clock;
    AgentProgress progress = {};  // for the operator; none: it is no more than any stranger here. Not in plaintext
  };

  // Unavailable, PermissionDenied, InvalidArgument: it can't listen there.
  static Result<std::unique_ptr<PeerServer>> Start(const PeerServerOptions& options, Parts parts);
  // Ends all calls.
  ~PeerServer();

  uint16_t port() const { return listener_->port(); }

 private:
  PeerServer(const PeerServerOptions& options, Parts parts);
  GrpcServices Serve(grpc::ServerBuilder& builder);
  AdmitPeer Admitted() const;

  const bool plaintext_;
  const Parts parts_;
  WorkerPool pool_;
  std::unique_ptr<GrpcListener> listener_;
};

}  // namespace ballast
