// The small controller service without which csi-sanity can test no node service: it turns the parameters of
// CreateVolume into our volume context and remembers what it made. Never in the shipped program.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

namespace ballast::driver {

std::unique_ptr<grpc::Service> MakeControllerService();

}  // namespace ballast::driver
