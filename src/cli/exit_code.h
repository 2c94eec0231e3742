// What `ballast` answers to the shell; README.md lists it for people.
#pragma once

#include "base/status.h"

namespace ballast::cli {

enum ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,        // the command line, a model reference or a pattern is wrong
  kNotFound = 3,     // no such model, revision, file, directory
  kNotAdmitted = 4,  // a token is missing or wrong, a gated repository, not admitted
  kNoRoom = 5,       // disk, quota, or memory to warm
  kDamaged = 6,      // bytes are not what their digest says
  kRefused = 7,      // in use or wanted; the text says by whom
  kUnavailable = 8,  // hub or daemon don't answer, or the timeout passed: try again later
  kInterrupted = 130,
};

ExitCode ExitCodeOf(const Status& status);

}  // namespace ballast::cli
