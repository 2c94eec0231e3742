#include "kube/pause.h"

#include "base/mutex.h"

namespace ballast {

Pause RealPause() {
  return [](Duration wait, const std::stop_token& stop) {
    const SteadyTime end = std::chrono::steady_clock::now() + wait;
    Mutex mutex;
    CondVar changed;
    const std::stop_callback wake(stop, [&] {
      MutexLock lock(mutex);
      changed.NotifyAll();
    });
    MutexLock lock(mutex);
    while (!stop.stop_requested() && changed.WaitUntil(mutex, end)) continue;
  };
}

}  // namespace ballast
