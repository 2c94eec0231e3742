#include "base/errno_status.h"

#include <cerrno>
#include <cstring>

#include "base/strings.h"

namespace ballast {
namespace {

StatusCode CodeOf(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return StatusCode::kResourceExhausted;
    case ENOENT:
      return StatusCode::kNotFound;
    case EEXIST:
      return StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
      return StatusCode::kPermissionDenied;
    case EIO:
      return StatusCode::kDataLoss;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
      return StatusCode::kInvalidArgument;
    case EAGAIN:
    case EBUSY:
    case ETIMEDOUT:
      return StatusCode::kUnavailable;
    case EROFS:
    case EXDEV:
    case ENOTEMPTY:
    case ENOTDIR:
    case EISDIR:
      return StatusCode::kFailedPrecondition;
    default:
      return StatusCode::kInternal;
  }
}

}  // namespace

Status ErrnoStatus(int error, std::string_view what) {
  char buffer[128];
  return {CodeOf(error), StrCat(what, ": ", strerror_r(error, buffer, sizeof buffer))};
}

}  // namespace ballast
