// The origin as a source that is counted and held to the node's rates.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/metrics.h"
#include "daemon/rate_limit.h"
#include "daemon/transfer_counts.h"
#include "fetch/source.h"

namespace ballast {

// TransferBuckets that downloads share. Thread-safe.
class TransferLimits {
 public:
  TransferLimits(const TransferRates& rates, const Clock& clock) : clock_(clock), buckets_(rates) {}
  // Blocks until `bytes` may come. `demanded`: somebody waits for them; asked again while it blocks. Cancelled: `stop`
  // came first.
  Status Wait(TransferFrom from, uint64_t bytes, const std::function<bool()>& demanded, const std::stop_token& stop);

 private:
  const Clock& clock_;
  Mutex mutex_;
  TransferBuckets buckets_ GUARDED_BY(mutex_);
};

class MeteredSource final : public Source {
 public:
  // All of it outlives this.
  MeteredSource(Origin& origin, DaemonMetrics& metrics, TransferLimits& limits, TransferCounts& counts,
                const std::function<bool()>& demanded)
      : origin_(origin), metrics_(metrics), limits_(limits), counts_(counts), demanded_(demanded) {}

  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override;

 private:
  Origin& origin_;
  DaemonMetrics& metrics_;
  TransferLimits& limits_;
  TransferCounts& counts_;
  const std::function<bool()>& demanded_;
};

}  // namespace ballast
