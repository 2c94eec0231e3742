// TLS 1.3 with a certificate at both ends, checked by name at both ends; a TlsContext can't be asked for less.
#pragma once

#include <functional>
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

// For a port where people and programs without a certificate ask, and show a token: TLS 1.3 with the certificate that
// this process has at the moment. Of one thread.
class OneSidedTls {
 public:
  explicit OneSidedTls(std::function<std::shared_ptr<const Credentials>()> credentials)
      : credentials_(std::move(credentials)) {}

  // Null: there is no certificate, or none that can be shown.
  std::shared_ptr<SSL_CTX> Current();

 private:
  const std::function<std::shared_ptr<const Credentials>()> credentials_;
  std::shared_ptr<const Credentials> shown_;
  std::shared_ptr<SSL_CTX> context_;  // that shows them
};

}  // namespace ballast
