// `ballast wait DIR` and `ballast verify DIR`: what DIR/.ballast says, without a daemon.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "cli/console.h"
#include "cli/render.h"
#include "store/file_system.h"

namespace ballast::cli {

// One look at a directory.
struct DirectoryState {
  bool ready = false;
  std::string how;  // where ready: WaitedDirectory::how
  TransferProgress progress;
};

// NotFound: no such directory. FailedPrecondition: it is empty, so nothing says that a volume is mounted there.
Result<DirectoryState> LookAtDirectory(const std::string& dir, FileSystem& files);

// Blocks until the model in `dir` is all there. DeadlineExceeded says how far it was.
Result<WaitedDirectory> WaitForDirectory(const std::string& dir, std::optional<std::chrono::milliseconds> timeout,
                                         FileSystem& files, const Clock& clock, Console& console, std::stop_token stop);

// Hashes every file that the index names. Damaged ones are marked there, so that the next pull fetches them again.
// NotFound: the directory has no index; FailedPrecondition: it isn't complete.
Result<VerifyReport> VerifyDirectory(const std::string& dir, FileSystem& files, Console& console, std::stop_token stop);

}  // namespace ballast::cli
