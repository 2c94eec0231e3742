#include "store/watched_time.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast {

WatchedTime::WatchedTime(std::string path, FileSystem& files, const Clock& clock)
    : path_(std::move(path)), files_(files), clock_(clock), opened_(clock.Steady()) {
  constexpr uint64_t kLimit = 100;
  const auto text = ReadSmallFile(files_, path_, kLimit);
  uint64_t saved = 0;
  MutexLock lock(mutex_);
  if (text.ok() && ParseUint64(Trim(*text), saved)) before_ = Value(saved);
}

WatchedTime::Value WatchedTime::Now() const {
  MutexLock lock(mutex_);
  return before_ + std::chrono::duration_cast<Value>(clock_.Steady() - opened_);
}

void WatchedTime::Reached(Value value) {
  MutexLock lock(mutex_);
  const Value lived = std::chrono::duration_cast<Value>(clock_.Steady() - opened_);
  before_ = std::max(before_, value - lived);
}

Status WatchedTime::Save() const {
  return WriteSmallFile(files_, path_, FixedDigits(static_cast<uint64_t>(Now().count())) + "\n");
}

std::string FixedDigits(uint64_t number) {
  constexpr size_t kDigits = 20;
  const std::string digits = std::to_string(number);
  return std::string(kDigits - digits.size(), '0') + digits;
}

}  // namespace ballast
