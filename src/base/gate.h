// A gate that work passes through, so that a stop can wait until all of it has left.
#pragma once

#include "base/mutex.h"

namespace ballast {

// Thread-safe. Destroy only after Close() has returned.
class Gate {
 public:
  // Held while work is inside; converts to false where the gate was closed already.
  class [[nodiscard]] Pass {
   public:
    explicit Pass(Gate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(other.gate_) { other.gate_ = nullptr; }
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->Leave();
    }
    explicit operator bool() const { return gate_ != nullptr; }

   private:
    Gate* gate_;
  };

  Pass Enter();
  // Lets nobody in any more and waits until everybody has left. May be called more than once.
  void Close();

 private:
  void Leave();

  Mutex mutex_;
  CondVar empty_;
  int inside_ GUARDED_BY(mutex_) = 0;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace ballast
