// One TLS connection's state: who must be at the other end, who is, and why it was refused.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "identity/openssl_ptr.h"
#include "identity/peer_identity.h"

namespace ballast {

// OK, or why this peer may not come in. Runs within the handshake, on its thread.
using AdmitPeer = std::function<Status(const PeerIdentity&)>;

// Of one thread at a time. Made by TlsContext; bind it to a socket (SSL_set_fd) or to BIOs, then SSL_do_handshake.
class TlsSession {
 public:
  SSL* ssl() const { return ssl_.get(); }
  // Empty until the peer was verified and admitted, which is before the handshake ends.
  const std::optional<PeerIdentity>& peer() const { return state_->peer; }
  // Why SSL_do_handshake, SSL_read or SSL_write returned `returned` (<= 0). Unauthenticated or PermissionDenied: we
  // refused the peer, or the peer us; Unavailable: the connection ended, or its time. A server's refusal reaches a
  // client with its first SSL_read, since in TLS 1.3 a client's handshake ends first.
  Status Error(int returned, std::string_view action) const;

  // What the handshake reads and writes; for TlsContext.
  struct State {
    AdmitPeer admit;
    uint32_t peer_role;  // XKU_SSL_*: what the peer's certificate must be for
    std::optional<PeerIdentity> peer;
    Status refusal;
  };
  TlsSession(SslPtr ssl, std::unique_ptr<State> state) : state_(std::move(state)), ssl_(std::move(ssl)) {}

 private:
  std::unique_ptr<State> state_;  // the SSL points to it
  SslPtr ssl_;
};

}  // namespace ballast
