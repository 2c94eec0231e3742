// TLS 1.3 with a certificate at both ends, checked by name at both ends; there is no way to ask for less.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "identity/credentials.h"
#include "identity/tls_session.h"

namespace ballast {

// Thread-safe: changes no more once it is made. Sessions may outlive it. After a reload of certificates make another
// one for what begins then. No session is ever resumed, since a resumed one would not verify the peer's certificate
// again.
class TlsContext {
 public:
  // InvalidArgument: what Parse() says.
  static Result<std::shared_ptr<const TlsContext>> Create(const Credentials& credentials);

  // The side that connects: to `peer` and nobody else. `now`: the time at which certificates are judged.
  Result<TlsSession> Client(const PeerIdentity& peer, WallTime now) const;
  // The side that accepts: whom `admit` lets in, once the certificate is verified.
  Result<TlsSession> Server(AdmitPeer admit, WallTime now) const;

 private:
  explicit TlsContext(SslContextPtr context) : context_(std::move(context)) {}
  Result<TlsSession> Session(AdmitPeer admit, uint32_t peer_role, WallTime now) const;

  const SslContextPtr context_;
};

}  // namespace ballast
