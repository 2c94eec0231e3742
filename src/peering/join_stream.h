// The asking end of Peer.Join in gRPC's callback form. For PeerTransport alone. Included by .cc files.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <memory>
#include <optional>
#include <string>

#include "base/gate.h"
#include "base/mutex.h"
#include "proto/peer.grpc.pb.h"
#include "swarm/control.h"
#include "swarm/node_table.h"

namespace ballast {

// A call under way. Owned by gRPC and by its stream; gone when both are done with it.
class JoinStream final : public grpc::ClientBidiReactor<peer::v1::FromNode, peer::v1::FromCoordinator>,
                         public std::enable_shared_from_this<JoinStream> {
 public:
  struct Parts {
    std::string to;
    std::string plaintext_self;  // "" with TLS
    std::shared_ptr<peer::v1::Peer::Stub> stub;
    std::shared_ptr<const ModelShape> shape;
    NodeTable& nodes;
    Gate::Pass pass;  // held until gRPC is done
  };

  JoinStream(Parts parts, ControlEvents& events);

  void Begin();
  void Send(const FromNode& message);
  // Afterwards the events hear nothing.
  void HangUp();
  // As if the other end had said Redirect to itself.
  void AskToBeginAnew();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  void Fail(Status why);

  Parts parts_;
  grpc::ClientContext context_;
  peer::v1::FromNode out_;
  peer::v1::FromCoordinator in_;
  std::shared_ptr<JoinStream> self_;  // while gRPC has it

  Mutex events_mutex_;  // held while events run
  ControlEvents* events_ GUARDED_BY(events_mutex_);
  Mutex mutex_;
  bool reading_ GUARDED_BY(mutex_) = true;
  bool writing_ GUARDED_BY(mutex_) = false;
  bool held_ GUARDED_BY(mutex_) = true;  // gRPC waits for RemoveHold()
  std::optional<Status> failure_ GUARDED_BY(mutex_);
};

}  // namespace ballast
