// Whether bytes fit, as pure arithmetic: quota, disk, and what was promised to others already.
#pragma once

#include <cstdint>

#include "base/status.h"

namespace ballast {

struct Room {
  uint64_t quota = 0;          // 0: none
  uint64_t min_available = 0;  // must stay free on the disk
  uint64_t used = 0;           // ours, without what can be given up
  uint64_t reserved = 0;       // promised and not yet on the disk
  uint64_t available = 0;      // free on the disk, and what can be given up
  uint64_t total = 0;          // of the disk
};

// OK, ResourceExhausted (not now) or FailedPrecondition (never here), with the numbers and the remedy.
Status CheckRoom(const Room& room, uint64_t bytes);

}  // namespace ballast
