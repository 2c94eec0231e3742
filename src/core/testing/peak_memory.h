// How much memory a call takes at most, for tests of bounds.
#pragma once

#include <malloc.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <string>

namespace ballast {

// The bytes that one field of /proc/self/status names ("VmRSS:").
inline uint64_t ProcessMemory(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string word;
  uint64_t kibibytes = 0;
  while (status >> word) {
    if (word == field) status >> kibibytes;
  }
  return kibibytes << 10;
}

// By how much `call` raised this process's resident memory at its peak.
inline uint64_t PeakMemoryOf(const std::function<void()>& call) {
  malloc_trim(0);                                 // what earlier tests freed must not serve this call unseen
  std::ofstream("/proc/self/clear_refs") << "5";  // sets the peak back to what is resident now
  const uint64_t before = ProcessMemory("VmRSS:");
  call();
  const uint64_t peak = ProcessMemory("VmHWM:");
  return peak > before ? peak - before : 0;
}

}  // namespace ballast
