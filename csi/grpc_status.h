// Status and grpc::Status are the same codes.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "base/status.h"

namespace ballast::driver {

inline grpc::Status ToGrpc(const Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message()};
}

// The kubelet takes our text for the format of a printf when it makes an event of it (recorder.Eventf): a single % of a
// file name or a url would come out as "%!x(MISSING)".
inline grpc::Status ToKubelet(const Status& status) {
  std::string text;
  for (const char c : status.message()) text.append(c == '%' ? 2 : 1, c);
  return {static_cast<grpc::StatusCode>(status.code()), text};
}

inline Status FromGrpc(const grpc::Status& status) {
  return {static_cast<StatusCode>(status.error_code()), status.error_message()};
}

}  // namespace ballast::driver
