// Puts a Wire on a connection.
#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "base/mutex.h"
#include "origin/testing/hub_connection.h"
#include "origin/testing/hub_wire.h"

namespace ballast::hub {

// What stalled and slow answers wait at. Thread-safe.
class Valve {
 public:
  void Release();                        // lets those go who wait now
  void Stop();                           // lets everybody go, for good
  bool WaitReleased();                   // false: stopped
  bool WaitUntil(SteadyTime deadline);   // false: stopped
  void WaitForWaiters(int count) const;  // until so many are in WaitReleased

 private:
  mutable Mutex mutex_;
  mutable CondVar changed_;
  bool stopped_ GUARDED_BY(mutex_) = false;
  uint64_t releases_ GUARDED_BY(mutex_) = 0;
  int waiting_ GUARDED_BY(mutex_) = 0;
};

// True: the connection may serve another request. `progress` is told how many bytes of the body went out.
bool Send(Connection& connection, const Wire& wire, Valve& valve, const std::function<void(uint64_t)>& progress);

}  // namespace ballast::hub
