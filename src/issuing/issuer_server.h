// The server of issuer.proto: TLS 1.3, and who asks.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/status.h"
#include "issuing/issuer_service.h"
#include "peering/grpc_listener.h"
#include "peering/peer_tls.h"

namespace ballast {

struct IssuerServerOptions {
  std::string host = "::";                    // to listen at
  uint16_t port = 0;                          // 0: a free one
  int max_calls = 32;                         // at once; more are answered RESOURCE_EXHAUSTED
  Duration drain = std::chrono::seconds(10);  // connections from before a reload of certificates end within
};

// Thread-safe. A client without certificate is let in, and refused by every call that needs to know the node.
class IssuerServer {
 public:
  // All of them outlive it.
  struct Parts {
    IssuerService& service;
    CredentialsProvider credentials;  // while it has none, connections are closed
    const Clock& clock;
  };

  // Unavailable, PermissionDenied, InvalidArgument: it can't listen there.
  static Result<std::unique_ptr<IssuerServer>> Start(const IssuerServerOptions& options, Parts parts);
  // Ends all calls.
  ~IssuerServer();

  uint16_t port() const { return listener_->port(); }

 private:
  explicit IssuerServer(Parts parts) : parts_(std::move(parts)) {}

  const Parts parts_;
  std::stop_source stopping_;  // of the calls
  std::unique_ptr<GrpcListener> listener_;
};

}  // namespace ballast
