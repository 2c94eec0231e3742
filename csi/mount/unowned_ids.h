// A user namespace that maps nothing but one id that owns no file: the mapping of an idmapped mount through which every
// file belongs to nobody. The kernel refuses each write to an inode whose owner has no mapping, to root with all
// capabilities too, and whatever the mount is remounted to (fs/namei.c, inode_permission: HAS_UNMAPPED_ID is EACCES).
#pragma once

#include "base/status.h"
#include "base/unique_fd.h"

namespace ballast::driver {

// Makes the namespace with a short-lived child process. FailedPrecondition says what the kernel refused.
Result<UniqueFd> MakeUnownedIds();

}  // namespace ballast::driver
