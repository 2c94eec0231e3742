// /proc/<pid>/mountinfo as values (proc(5)).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ballast {

struct MountInfo {
  uint64_t id = 0;
  uint64_t parent_id = 0;
  std::string device;       // "254:0"
  std::string root;         // what of the file system is mounted here; a removed directory ends in "//deleted"
  std::string mount_point;  // as the process that reads it sees it
  std::string options;      // "ro,nosuid,nodev,relatime,idmapped"
  bool shared = false;      // mounts made below it appear in other mount namespaces too
  std::string fs_type;
  std::string source;

  bool HasOption(std::string_view option) const;
  friend bool operator==(const MountInfo&, const MountInfo&) = default;
};

// Every line; escapes (\040) undone. InvalidArgument quotes the first line that has not the kernel's form.
Result<std::vector<MountInfo>> ParseMountInfo(std::string_view text);

// This mount namespace's table.
Result<std::vector<MountInfo>> ReadMountInfo();

// The innermost mount that `path` lies on, of stacked ones the last; nullptr where the table has none.
const MountInfo* MountThatHolds(const std::vector<MountInfo>& mounts, std::string_view path);

}  // namespace ballast
