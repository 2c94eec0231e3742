// The one place where errno becomes a Status.
#pragma once

#include <string_view>

#include "base/status.h"

namespace ballast {

// "open /x/y: No space left on device". ENOSPC and EDQUOT are ResourceExhausted, ENOENT NotFound, EEXIST AlreadyExists,
// EACCES and EPERM PermissionDenied, EIO DataLoss, EINVAL, ENAMETOOLONG and ELOOP InvalidArgument, EAGAIN, EBUSY and
// ETIMEDOUT Unavailable, EMFILE and ENFILE ResourceExhausted, EROFS FailedPrecondition; all else Internal.
Status ErrnoStatus(int error, std::string_view what);

}  // namespace ballast
