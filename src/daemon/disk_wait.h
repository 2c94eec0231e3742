// A cache directory whose disk is mounted after the agent starts: without it, models would fill the root disk.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"

namespace ballast {

// Whether something is mounted at `dir`, a bind mount too. False where it is not there.
bool IsMountPoint(const std::string& dir);

// Returns when the mounts of this mount namespace have changed, or after five seconds.
void AwaitMountChange();

struct DiskWait {
  std::function<bool()> mounted;
  std::function<Status()> tell;  // somebody who can do something about it
  std::function<void()> pause = AwaitMountChange;
};

// Blocks until it is mounted. Tells meanwhile that it is missing: again until that was heard, then no more.
void AwaitDisk(const DiskWait& wait);

}  // namespace ballast
