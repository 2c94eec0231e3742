// Lines that others cause must not fill a disk: each place in the code writes so many of them, and counts the rest.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"

namespace ballast {

struct LogLimitPolicy {
  uint32_t lines = 5;                         // of one place
  Duration within = std::chrono::minutes(1);  // from the first of them on
};

// Thread-safe.
class LogLimit {
 public:
  explicit LogLimit(LogLimitPolicy policy = {}) : policy_(policy) {}

  struct Verdict {
    bool write = false;
    uint64_t held_back = 0;  // lines of this place since the last that was written

    friend bool operator==(const Verdict&, const Verdict&) = default;
  };
  // A line of `place`, of which a program has a few hundred: none is ever forgotten.
  Verdict Ask(const std::string& place, SteadyTime now);

 private:
  struct Window {
    SteadyTime end;
    uint32_t written = 0;
    uint64_t held_back = 0;
  };

  const LogLimitPolicy policy_;
  Mutex mutex_;
  std::map<std::string, Window> windows_ GUARDED_BY(mutex_);
};

}  // namespace ballast
