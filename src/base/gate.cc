#include "base/gate.h"

namespace ballast {

Gate::Pass Gate::Enter() {
  MutexLock lock(mutex_);
  if (closed_) return Pass(nullptr);
  ++inside_;
  return Pass(this);
}

void Gate::Leave() {
  MutexLock lock(mutex_);
  if (--inside_ == 0) empty_.NotifyAll();
}

void Gate::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  while (inside_ > 0) empty_.Wait(mutex_);
}

}  // namespace ballast
