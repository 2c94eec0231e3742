// Which boot of the machine this is: what the page cache and the mount table hold does not outlive it.
#pragma once

#include <string>

#include "base/status.h"

namespace ballast {

// 36 characters, of /proc/sys/kernel/random/boot_id.
Result<std::string> RunningBootId();

}  // namespace ballast
