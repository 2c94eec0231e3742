// One log line for each gRPC call: method, request without secrets, code, time. And what calls count for /metrics.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"

namespace google::protobuf {
class Message;
}
namespace grpc::experimental {
class ServerInterceptorFactoryInterface;
}

namespace ballast::driver {

// The message on one line, at most `limit` bytes; values of fields marked csi_secret, of a key named like a token, and
// of nested ones are "***stripped***".
std::string WithoutSecrets(const google::protobuf::Message& message, size_t limit = 1000);

// Thread-safe.
class RpcCounts {
 public:
  void Add(const std::string& method, const std::string& code);
  // (method, code) -> calls
  std::map<std::pair<std::string, std::string>, uint64_t> All() const;

 private:
  mutable Mutex mutex_;
  std::map<std::pair<std::string, std::string>, uint64_t> counts_ GUARDED_BY(mutex_);
};

// `counts` must outlive the server.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeRpcLog(RpcCounts& counts);

}  // namespace ballast::driver
