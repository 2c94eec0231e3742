// The control channel to other nodes over gRPC: ControlTransport with TLS.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "peering/peer_tls.h"
#include "swarm/control.h"
#include "swarm/node_table.h"

namespace ballast {

// Thread-safe. One connection for each member, made when it is needed first, kept, and made anew when the member's
// address or this node's certificate is another.
class PeerTransport final : public ControlTransport {
 public:
  // All of them outlive it.
  struct Parts {
    std::string self;
    NodeTable& nodes;
    CredentialsProvider credentials;  // null: plaintext
    const Clock& clock;
  };

  explicit PeerTransport(Parts parts);
  // All streams must have gone before.
  ~PeerTransport() override;

  std::unique_ptr<ControlStream> Join(const Member& to, std::shared_ptr<const ModelShape> shape,
                                      ControlEvents& events) override;
  Result<HoldAnswer> Hold(const Member& to, const HoldNotice& notice, const CallLimit& limit) override;
  Result<CoordinatesAnswer> Coordinates(const Member& to, const CoordinatesQuery& query,
                                        const CallLimit& limit) override;
  Result<std::vector<Digest>> PieceHashes(const Member& to, const Digest& blob, const CallLimit& limit) override;
  Result<Resolved> Resolve(const Member& to, const ResolveQuery& query, const CallLimit& limit) override;

  // Call it when credentials may have changed: streams that began with others are asked to begin anew.
  void Refresh();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast
