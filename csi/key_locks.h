// At most one operation per key at a time; a second one is told so rather than made to wait.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "base/mutex.h"

namespace ballast::driver {

// Thread-safe.
class KeyLocks {
 public:
  // Holds its key until it goes; converts to false where another operation holds it.
  class [[nodiscard]] Hold {
   public:
    Hold(KeyLocks* locks, std::string key) : locks_(locks), key_(std::move(key)) {}
    Hold(Hold&& other) noexcept : locks_(std::exchange(other.locks_, nullptr)), key_(std::move(other.key_)) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (locks_ != nullptr) locks_->Unlock(key_);
    }
    explicit operator bool() const { return locks_ != nullptr; }

   private:
    KeyLocks* locks_;
    std::string key_;
  };

  Hold TryLock(const std::string& key) {
    MutexLock lock(mutex_);
    return {held_.insert(key).second ? this : nullptr, key};
  }

 private:
  void Unlock(const std::string& key) {
    MutexLock lock(mutex_);
    held_.erase(key);
  }

  Mutex mutex_;
  std::set<std::string> held_ GUARDED_BY(mutex_);
};

}  // namespace ballast::driver
