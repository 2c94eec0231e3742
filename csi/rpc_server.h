// A gRPC server on a unix socket, with one log line per call.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/unix_listener.h"

namespace grpc {
class Server;
}

namespace ballast::driver {

// Serves from Start until destruction, which lets calls in flight end for 3 s, cancels what is left, and removes the
// socket.
class RpcServer {
 public:
  // On a socket of mode 0600 (UnixListener).
  static Result<std::unique_ptr<RpcServer>> Start(const std::string& socket_path,
                                                  std::vector<std::unique_ptr<grpc::Service>> services);
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

 private:
  explicit RpcServer(std::vector<std::unique_ptr<grpc::Service>> services);

  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<UnixListener> listener_;
};

}  // namespace ballast::driver
