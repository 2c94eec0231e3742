// How long daemons have watched over this store, in all their lives. It orders uses and tells how long a model has been
// idle; unlike a wall clock it never jumps, and time in which nobody watched does not count.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/file_system.h"

namespace ballast {

// Thread-safe.
class WatchedTime {
 public:
  using Value = std::chrono::milliseconds;

  // `path`: milliseconds, 20 digits. A file that is not there or can't be read is no time at all: it only makes models
  // look younger than they are.
  WatchedTime(std::string path, FileSystem& files, const Clock& clock);

  Value Now() const;
  // Somebody recorded this time: it has been reached.
  void Reached(Value value);
  // What is not saved may be lost with the process.
  Status Save() const;

 private:
  const std::string path_;
  FileSystem& files_;
  const Clock& clock_;
  const SteadyTime opened_;
  mutable Mutex mutex_;
  Value before_ GUARDED_BY(mutex_){0};  // this life
};

// Twenty digits, so that a file is written in place.
std::string FixedDigits(uint64_t number);

}  // namespace ballast
