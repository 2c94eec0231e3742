#include "cli/exit_code.h"

namespace ballast::cli {

ExitCode ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return kOk;
    case StatusCode::kInvalidArgument:
      return kUsage;
    case StatusCode::kNotFound:
      return kNotFound;
    case StatusCode::kUnauthenticated:
    case StatusCode::kPermissionDenied:
      return kNotAdmitted;
    case StatusCode::kResourceExhausted:
      return kNoRoom;
    case StatusCode::kDataLoss:
      return kDamaged;
    case StatusCode::kFailedPrecondition:
      return kRefused;
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kAborted:
      return kUnavailable;
    case StatusCode::kCancelled:
      return kInterrupted;
    default:
      return kFailed;
  }
}

}  // namespace ballast::cli
