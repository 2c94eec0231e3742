// The log of requests, as tests see it.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "base/mutex.h"
#include "origin/testing/hub_request.h"

namespace ballast::hub {

// Thread-safe.
class RequestLog {
 public:
  uint64_t Begin(const Request& request);  // its number
  // Changes an entry; nothing if it was cleared meanwhile.
  void Update(uint64_t number, const std::function<void(LoggedRequest&)>& change);
  void Clear();
  std::vector<LoggedRequest> All() const;
  void WaitFor(const std::function<bool(const std::vector<LoggedRequest>&)>& condition) const;

 private:
  mutable Mutex mutex_;
  mutable CondVar changed_;
  uint64_t next_ GUARDED_BY(mutex_) = 1;
  std::deque<LoggedRequest> entries_ GUARDED_BY(mutex_);
};

}  // namespace ballast::hub
