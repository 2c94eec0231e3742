// Status and grpc::Status are the same codes.
#pragma once

#include <grpcpp/support/status.h>

#include "base/status.h"

namespace ballast::driver {

inline grpc::Status ToGrpc(const Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message()};
}

inline Status FromGrpc(const grpc::Status& status) {
  return {static_cast<StatusCode>(status.error_code()), status.error_message()};
}

}  // namespace ballast::driver
