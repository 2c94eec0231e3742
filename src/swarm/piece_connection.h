// One connection to the piece server, as its threads hand it over.
#pragma once

#include <memory>
#include <string>

#include "swarm/piece_request.h"
#include "swarm/tls_provider.h"
#include "swarm/wire.h"

namespace ballast {

// Owned by one thread at a time: the poller, or the sender that answers.
struct PieceConnection {
  enum class State : uint8_t {
    kHandshake,
    kRequest,  // idle, or in the middle of a head
    kEnding,   // all is said; what still comes is thrown away, so that the last answer is not lost by a reset
  };

  PieceConnection(uint64_t connection_id, UniqueFd socket, std::string from)
      : id(connection_id), wire(std::move(socket)), address(std::move(from)) {}

  const uint64_t id;
  Wire wire;
  const std::string address;                // where it comes from
  std::shared_ptr<const TlsContext> began;  // with this certificate
  State state = State::kHandshake;
  bool known = false;    // whose it is
  size_t drained = 0;    // bytes thrown away at its end
  std::string input;     // received and not used yet; at most kMaxHeadBytes
  PieceRequest request;  // that is being answered

  std::string node() const { return wire.PeerNode(); }                              // "" without TLS
  std::string party() const { return wire.has_tls() ? wire.PeerNode() : address; }  // whose share of the server it uses
};

}  // namespace ballast
