// The answering end of Peer.Join in gRPC's callback form. For PeerService over gRPC alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
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

// The streams of one server. Thread-safe.
class OpenJoins {
 public:
  void Add(const std::shared_ptr<JoinOutlet>& outlet);
  // Every node is told to say Hello to `self`, this node, over a new connection.
  void BeginAnew(const std::string& self);

 private:
  Mutex mutex_;
  std::vector<std::weak_ptr<JoinOutlet>> open_ GUARDED_BY(mutex_);
};

// Deletes itself when the stream has ended. `service`, `nodes` and `open` outlive it.
grpc::ServerBidiReactor<peer::v1::FromNode, peer::v1::FromCoordinator>* StartJoinCall(PeerService& service,
                                                                                      NodeTable& nodes,
                                                                                      const std::string& from,
                                                                                      OpenJoins& open);

}  // namespace ballast
