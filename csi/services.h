// The gRPC services, as thin as can be: messages in and out, all else in NodeServer.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "csi/node_server.h"

namespace ballast::driver {

constexpr const char* kDriverName = "csi.ballast.dev";

struct IdentityInfo {
  std::string version;
  bool controller = false;  // only in the program that csi-sanity tests
};
std::unique_ptr<grpc::Service> MakeIdentityService(const IdentityInfo& info);

// `node` and `clock` must outlive the service.
std::unique_ptr<grpc::Service> MakeNodeService(NodeServer& node, const std::string& node_name, const Clock& clock);

// Tells the kubelet where CSI is served (the socket's path as the kubelet sees it). `refused` is called with the
// kubelet's words when it does not take the driver.
std::unique_ptr<grpc::Service> MakeRegistrationService(const std::string& csi_socket,
                                                       std::function<void(const std::string&)> refused);

}  // namespace ballast::driver
