// The origin as a source that is counted and held to a rate.
#pragma once

#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/metrics.h"
#include "daemon/rate_limit.h"
#include "fetch/source.h"

namespace ballast {

// A RateLimit that downloads share. Thread-safe.
class SharedRateLimit {
 public:
  SharedRateLimit(uint64_t bytes_per_second, const Clock& clock) : clock_(clock), limit_(bytes_per_second) {}
  // Blocks until `bytes` are due. Cancelled: `stop` came first.
  Status Wait(uint64_t bytes, const std::stop_token& stop);

 private:
  const Clock& clock_;
  Mutex mutex_;
  RateLimit limit_ GUARDED_BY(mutex_);
};

class MeteredSource final : public Source {
 public:
  MeteredSource(Origin& origin, DaemonMetrics& metrics, SharedRateLimit& limit)
      : origin_(origin), metrics_(metrics), limit_(limit) {}

  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override;

 private:
  Origin& origin_;
  DaemonMetrics& metrics_;
  SharedRateLimit& limit_;
};

}  // namespace ballast
