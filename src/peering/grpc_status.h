// Our Status and gRPC's: number for number. The only mapping; included by .cc files alone.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "base/status.h"
#include "base/strings.h"

namespace ballast {

inline grpc::Status ToGrpcStatus(const Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message()};
}

// `of`: whose answer it is, for people. The text is a stranger's, and cut after `most` bytes.
inline Status FromGrpcStatus(const grpc::Status& status, const std::string& of, size_t most = 500) {
  if (status.ok()) return OkStatus();
  const int code = status.error_code();
  const bool known = code > 0 && code <= static_cast<int>(StatusCode::kUnauthenticated);
  return {known ? static_cast<StatusCode>(code) : StatusCode::kUnknown,
          StrCat(of, ": ", Quoted(status.error_message(), most))};
}

}  // namespace ballast
