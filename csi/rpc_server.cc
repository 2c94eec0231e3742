#include "csi/rpc_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_interceptor.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "base/strings.h"
#include "csi/unix_socket.h"

namespace ballast::driver {
namespace {

constexpr std::chrono::seconds kGrace{10};

// The socket must never be open to others, not for a moment.
class PrivateUmask {
 public:
  PrivateUmask() : before_(::umask(0077)) {}
  ~PrivateUmask() { ::umask(before_); }
  PrivateUmask(const PrivateUmask&) = delete;
  PrivateUmask& operator=(const PrivateUmask&) = delete;

 private:
  mode_t before_;
};

}  // namespace

RpcServer::RpcServer(std::string path, std::vector<std::unique_ptr<grpc::Service>> services)
    : path_(std::move(path)), services_(std::move(services)) {}

Result<std::unique_ptr<RpcServer>> RpcServer::Start(const std::string& socket_path,
                                                    std::vector<std::unique_ptr<grpc::Service>> services,
                                                    RpcCounts& counts) {
  RETURN_IF_ERROR(ClaimSocket(socket_path));
  auto server = std::unique_ptr<RpcServer>(new RpcServer(socket_path, std::move(services)));
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(MakeRpcLog(counts));
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + socket_path, grpc::InsecureServerCredentials());
  for (const auto& service : server->services_) builder.RegisterService(service.get());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  const PrivateUmask only_us;
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) return Internal(StrCat("cannot listen on unix://", socket_path));
  return server;
}

RpcServer::~RpcServer() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + kGrace);
  ::unlink(path_.c_str());
}

}  // namespace ballast::driver
