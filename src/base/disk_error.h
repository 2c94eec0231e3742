// What went wrong on a disk, with what a person can do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast {

// What a file system has left.
struct DiskLeft {
  uint64_t bytes = 0;
  uint64_t inodes = 0;
  uint64_t inodes_total = 0;  // 0: it makes them as it needs them
};

// "; 3.0 KiB are free there: make room on the disk"; "" for errors that speak for themselves. Pure.
std::string DiskAdvice(int error, const DiskLeft& left);

// ErrnoStatus(error, "<what> <path>") with that advice.
Status DiskError(int error, std::string_view what, const std::string& path);

}  // namespace ballast
