#include "daemon/metered_source.h"

#include <condition_variable>
#include <mutex>

namespace ballast {

Status SharedRateLimit::Wait(uint64_t bytes, const std::stop_token& stop) {
  Duration wait{};
  {
    MutexLock lock(mutex_);
    wait = limit_.Take(bytes, clock_.Steady());
  }
  if (wait <= Duration::zero()) return OkStatus();
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, wait, [] { return false; });
  return stop.stop_requested() ? Cancelled("stopped") : OkStatus();
}

Status MeteredSource::Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
                           std::stop_token stop) {
  const auto metered = [&](std::span<const std::byte> bytes) -> Status {
    metrics_.CountOriginBytes(bytes.size());
    RETURN_IF_ERROR(limit_.Wait(bytes.size(), stop));
    return sink(bytes);
  };
  return origin_.Read(model, file, range, metered, stop);
}

}  // namespace ballast
