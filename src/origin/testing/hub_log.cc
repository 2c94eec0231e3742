#include "origin/testing/hub_log.h"

#include "origin/testing/hub_api.h"

namespace ballast::hub {

uint64_t RequestLog::Begin(const Request& request) {
  MutexLock lock(mutex_);
  entries_.push_back({.number = next_,
                      .port = request.port,
                      .method = request.method,
                      .path = request.path,
                      .query = request.query,
                      .range = request.Header("range"),
                      .host = request.Header("host"),
                      .authorization = request.headers.contains("authorization"),
                      .token = BearerToken(request),
                      .user_agent = request.Header("user-agent"),
                      .accept_encoding = request.Header("accept-encoding")});
  changed_.NotifyAll();
  return next_++;
}

void RequestLog::Update(uint64_t number, const std::function<void(LoggedRequest&)>& change) {
  MutexLock lock(mutex_);
  uint64_t oldest = next_ - entries_.size();
  if (number < oldest) return;
  change(entries_[number - oldest]);
  changed_.NotifyAll();
}

void RequestLog::Clear() {
  MutexLock lock(mutex_);
  entries_.clear();
}

std::vector<LoggedRequest> RequestLog::All() const {
  MutexLock lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

void RequestLog::WaitFor(const std::function<bool(const std::vector<LoggedRequest>&)>& condition) const {
  MutexLock lock(mutex_);
  while (!condition({entries_.begin(), entries_.end()})) changed_.Wait(mutex_);
}

}  // namespace ballast::hub
