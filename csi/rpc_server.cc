#include "csi/rpc_server.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <grpcpp/support/server_interceptor.h>

#include <chrono>
#include <utility>

#include "base/strings.h"
#include "csi/rpc_log.h"

namespace ballast::driver {
namespace {

// For a mount that is being made. A publish that waits for its model is told to come back.
constexpr std::chrono::seconds kGrace{3};

}  // namespace

RpcServer::RpcServer(std::vector<std::unique_ptr<grpc::Service>> services) : services_(std::move(services)) {}

Result<std::unique_ptr<RpcServer>> RpcServer::Start(const std::string& socket_path,
                                                    std::vector<std::unique_ptr<grpc::Service>> services) {
  auto server = std::unique_ptr<RpcServer>(new RpcServer(std::move(services)));
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(MakeRpcLog());
  grpc::ServerBuilder builder;
  for (const auto& service : server->services_) builder.RegisterService(service.get());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) return Internal(StrCat("cannot serve gRPC on unix://", socket_path));
  const auto serve = [grpc_server = server->server_.get()](UniqueFd connection) {
    grpc::AddInsecureChannelFromFd(grpc_server, connection.Release());
  };
  ASSIGN_OR_RETURN(server->listener_, UnixListener::Start(socket_path, 0600, serve));
  return server;
}

RpcServer::~RpcServer() {
  listener_.reset();
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + kGrace);
}

}  // namespace ballast::driver
