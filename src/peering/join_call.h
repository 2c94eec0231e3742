// The answering end of Peer.Join in gRPC's callback form. For PeerService over gRPC alone.
#pragma once

#include <memory>
#include <string>

#include "swarm/control.h"
#include "swarm/node_table.h"

namespace grpc {
template <class Request, class Response>
class ServerBidiReactor;
}  // namespace grpc

namespace ballast::peer::v1 {
class FromNode;
class FromCoordinator;
}  // namespace ballast::peer::v1

namespace ballast {

// Deletes itself when the stream has ended. `service` and `nodes` outlive it.
grpc::ServerBidiReactor<peer::v1::FromNode, peer::v1::FromCoordinator>* StartJoinCall(PeerService& service,
                                                                                      NodeTable& nodes,
                                                                                      const std::string& from);

}  // namespace ballast
