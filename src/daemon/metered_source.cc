#include "daemon/metered_source.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace ballast {
namespace {

// In case that somebody begins to wait for what is only prewarmed.
constexpr Duration kLookAgain = std::chrono::milliseconds(100);

}  // namespace

void RealPace::SleepUntil(SteadyTime until, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, until - Now(), [] { return false; });
}

Status TransferLimits::Wait(TransferFrom from, uint64_t bytes, const std::function<bool()>& demanded,
                            const std::stop_token& stop) {
  TransferBuckets::Taken taken{};
  SteadyTime asked{};
  for (;;) {
    const SteadyTime now = pace_.Now();
    const bool for_somebody = demanded();
    if (!taken.taken) {
      MutexLock lock(mutex_);
      taken = buckets_.Take(from, bytes, for_somebody, now);
      asked = now;
    }
    const SteadyTime due = asked + (taken.taken && for_somebody ? taken.wait_if_wanted : taken.wait);
    if (taken.taken && now >= due) return OkStatus();
    if (stop.stop_requested()) return Cancelled("stopped");
    pace_.SleepUntil(for_somebody ? due : std::min(due, now + kLookAgain), stop);
  }
}

Status MeteredSource::Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
                           std::stop_token stop) {
  const TransferCounts::InFlight in_flight(counts_, {});
  const auto metered = [&](std::span<const std::byte> bytes) -> Status {
    metrics_.CountBytes(SourceKind::kOrigin, bytes.size());
    in_flight.Received(bytes.size());
    RETURN_IF_ERROR(limits_.Wait(TransferFrom::kOrigin, bytes.size(), demanded_, stop));
    return sink(bytes);
  };
  return origin_.Read(model, file, range, metered, stop);
}

}  // namespace ballast
