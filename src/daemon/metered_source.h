// The origin as a source that is counted and held to the node's rates.
#pragma once

#include <functional>
#include <stop_token>

#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/metrics.h"
#include "daemon/rate_limit.h"
#include "daemon/transfer_counts.h"
#include "fetch/source.h"

namespace ballast {

// The time that limits go by. Thread-safe.
class Pace {
 public:
  virtual ~Pace() = default;
  virtual SteadyTime Now() const = 0;
  // Blocks until then or `stop`; may return before, as condition variables do.
  virtual void SleepUntil(SteadyTime until, const std::stop_token& stop) = 0;
};

class RealPace final : public Pace {
 public:
  explicit RealPace(const Clock& clock) : clock_(clock) {}
  SteadyTime Now() const override { return clock_.Steady(); }
  void SleepUntil(SteadyTime until, const std::stop_token& stop) override;

 private:
  const Clock& clock_;
};

// TransferBuckets that downloads share. Thread-safe.
class TransferLimits {
 public:
  // `pace` outlives it.
  TransferLimits(const TransferRates& rates, Pace& pace) : pace_(pace), buckets_(rates) {}
  // Blocks until `bytes` may come. `demanded`: somebody waits for them; asked again while it blocks. Cancelled: `stop`
  // came first.
  Status Wait(TransferFrom from, uint64_t bytes, const std::function<bool()>& demanded, const std::stop_token& stop);
  // In effect for what is asked for from now on.
  void SetRates(const TransferRates& rates) {
    MutexLock lock(mutex_);
    buckets_.SetRates(rates);
  }

 private:
  Pace& pace_;
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
