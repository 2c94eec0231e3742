// A listener whose gRPC server is made anew with each new certificate: what the control channel and the issuer share.
#pragma once

#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_builder.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "peering/peer_tls.h"

namespace ballast {

// What one gRPC server serves, as long as its connections last.
struct GrpcServices {
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::function<void()> begin_anew;  // asks the streams that run to end and begin anew; none: there are no long ones
};

struct GrpcListenerOptions {
  std::string name;                           // in logs: "the control channel"
  std::string host = "::";                    // to listen at
  uint16_t port = 0;                          // 0: a free one
  Duration drain = std::chrono::seconds(10);  // connections from before a reload of certificates end within
};

// Accepts on a socket of its own, since gRPC's listener stops for ever when no descriptor is left (tcp_server_posix.cc
// of 1.51), and hands the connections to gRPC. Thread-safe.
class GrpcListener {
 public:
  struct Parts {
    CredentialsProvider credentials;  // none: plaintext. While it gives none, connections are closed
    // How connections with these certificates are checked; null in plaintext
    std::function<std::shared_ptr<grpc::ServerCredentials>(const Credentials*)> security;
    std::function<GrpcServices(grpc::ServerBuilder&)> serve;  // sets limits; the services are registered here
  };

  // Unavailable, PermissionDenied, InvalidArgument: it can't listen there.
  static Result<std::unique_ptr<GrpcListener>> Start(const GrpcListenerOptions& options, Parts parts);
  // Ends all calls.
  ~GrpcListener();

  // Nobody is accepted any more; calls go on.
  void StopAccepting();
  uint16_t port() const;

 private:
  struct State;
  explicit GrpcListener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ballast
