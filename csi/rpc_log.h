// One log line for each gRPC call: method, request without secrets, code, time.
#pragma once

#include <memory>
#include <string>

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

// For a server; reads are logged only where they fail or at verbosity 1.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeRpcLog();

}  // namespace ballast::driver
