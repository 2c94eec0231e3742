#include "base/log_limit.h"

#include <utility>

namespace ballast {

LogLimit::Verdict LogLimit::Ask(const std::string& place, SteadyTime now) {
  MutexLock lock(mutex_);
  Window& window = windows_[place];
  if (now >= window.end) {
    window.end = now + policy_.within;
    window.written = 0;
  }
  if (window.written == policy_.lines) {
    ++window.held_back;
    return {};
  }
  ++window.written;
  return {.write = true, .held_back = std::exchange(window.held_back, 0)};
}

}  // namespace ballast
