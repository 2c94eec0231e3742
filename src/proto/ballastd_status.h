// An error of ballastd's own, as gRPC carries it to its clients on this node (cache.proto).
#pragma once

#include <grpcpp/support/status.h>

#include "base/status.h"

namespace ballast {

// Number for number; the message is ours, and the details say so.
inline grpc::Status SaidByBallastd(const Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message(), "ballastd"};
}

// Without details it is gRPC's word: for a connection that broke, or a server that ends.
inline bool IsSaidByBallastd(const grpc::Status& status) { return !status.error_details().empty(); }

}  // namespace ballast
