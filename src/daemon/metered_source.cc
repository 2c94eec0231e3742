#include "daemon/metered_source.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace ballast {
namespace {

// In case that somebody begins to wait for what is only prewarmed.
constexpr Duration kLookAgain = std::chrono::milliseconds(100);

// False: `stop` came first.
bool Sleep(Duration wait, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, wait, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

Status TransferLimits::Wait(TransferFrom from, uint64_t bytes, const std::function<bool()>& demanded,
                            const std::stop_token& stop) {
  for (;;) {
    const bool for_somebody = demanded();
    TransferBuckets::Taken taken{};
    {
      MutexLock lock(mutex_);
      taken = buckets_.Take(from, bytes, for_somebody, clock_.Steady());
    }
    if (taken.taken && taken.wait <= Duration::zero()) return OkStatus();
    if (!Sleep(taken.taken ? taken.wait : std::min(taken.wait, kLookAgain), stop)) return Cancelled("stopped");
    if (taken.taken) return OkStatus();
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
