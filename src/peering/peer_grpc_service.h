// PeerService behind gRPC: who asks, bytes to values and back. One object for each grpc::Server. Included by .cc files.
#pragma once

#include <string>

#include "base/worker_pool.h"
#include "peering/join_call.h"
#include "proto/peer.grpc.pb.h"
#include "swarm/control.h"
#include "swarm/membership.h"
#include "swarm/node_table.h"

namespace ballast {

class PeerGrpcService final : public peer::v1::Peer::CallbackService {
 public:
  // All of them outlive it. `pool`: for calls that block.
  struct Parts {
    PeerService& service;
    NodeTable& nodes;
    const Membership& membership;
    WorkerPool& pool;
    bool plaintext;
  };
  explicit PeerGrpcService(Parts parts) : parts_(parts) {}

  // Its certificates have been replaced: nodes that are connected shall connect again.
  void BeginAnew() { joins_.BeginAnew(parts_.membership.self()); }

  grpc::ServerBidiReactor<peer::v1::FromNode, peer::v1::FromCoordinator>* Join(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* Hold(grpc::CallbackServerContext* context, const peer::v1::HoldRequest* request,
                                 peer::v1::HoldResponse* response) override;
  grpc::ServerUnaryReactor* Coordinates(grpc::CallbackServerContext* context,
                                        const peer::v1::CoordinatesRequest* request,
                                        peer::v1::CoordinatesResponse* response) override;
  grpc::ServerUnaryReactor* PieceHashes(grpc::CallbackServerContext* context,
                                        const peer::v1::PieceHashesRequest* request,
                                        peer::v1::PieceHashesResponse* response) override;
  grpc::ServerWriteReactor<peer::v1::ResolvePart>* Resolve(grpc::CallbackServerContext* context,
                                                           const peer::v1::ResolveRequest* request) override;

 private:
  // The member that calls. Unauthenticated, PermissionDenied.
  ::ballast::Result<std::string> Caller(const grpc::CallbackServerContext& context) const;

  const Parts parts_;
  OpenJoins joins_;
};

}  // namespace ballast
