// How much of a node's memory models may be read into: a share of what is available, and within the limit of the
// memory cgroup that is charged for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"

namespace ballast {

// What a memory cgroup of this process leaves for page cache. Pages are charged to the cgroup that touches them first
// (Documentation/admin-guide/cgroup-v2.rst, "Memory Ownership"; so in version 1), which is ours when we read a file
// ahead.
struct MemoryLimit {
  uint64_t limit_bytes = 0;
  uint64_t kept_bytes = 0;  // charged to it already, and not by page cache that it can give back

  uint64_t left() const { return limit_bytes > kept_bytes ? limit_bytes - kept_bytes : 0; }
};

struct MemoryFacts {
  uint64_t available_bytes = 0;      // MemAvailable: what programs can have without swapping
  std::optional<MemoryLimit> limit;  // the tightest of those above us; nullopt: none
};

struct MemoryRoom {
  uint64_t bytes = 0;
  std::string limited_by;  // for people, with the remedy
};

MemoryRoom RoomToWarm(const MemoryFacts& facts, int32_t percent);

// What the kernel says of this process. `proc` and `cgroups` are where /proc and /sys/fs/cgroup are.
Result<MemoryFacts> ReadMemoryFacts(const std::string& proc = "/proc", const std::string& cgroups = "/sys/fs/cgroup");

}  // namespace ballast
