// How fast bytes may come: token buckets as values.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace ballast {

// Not thread-safe. Lets a quarter of a second's worth through at once.
class RateLimit {
 public:
  explicit RateLimit(uint64_t bytes_per_second) : rate_(bytes_per_second) {}

  // Takes `bytes` and says how long the taker has to wait for them; zero without a limit.
  Duration Take(uint64_t bytes, SteadyTime now);
  // What was taken before stays paid for as it was.
  void SetRate(uint64_t bytes_per_second) { rate_ = bytes_per_second; }
  // Zero: others leave some of the rate unused. Else when to look again.
  Duration SpareIn(SteadyTime now) const;

 private:
  uint64_t rate_;
  SteadyTime paid_until_{};
};

struct TransferRates {  // bytes per second; 0 = no limit
  uint64_t download = 0;
  uint64_t origin = 0;
  uint64_t prewarm = 0;

  friend bool operator==(const TransferRates&, const TransferRates&) = default;
};

enum class TransferFrom { kOrigin, kPeer };

// What all downloads of a node take together. What nobody waits for (prewarm) takes only what the others leave. Not
// thread-safe.
class TransferBuckets {
 public:
  explicit TransferBuckets(const TransferRates& rates)
      : download_(rates.download), origin_(rates.origin), prewarm_(rates.prewarm) {}

  struct Taken {
    bool taken;               // false: ask again after `wait`
    Duration wait;            // before the bytes may come
    Duration wait_if_wanted;  // the same once somebody waits for them: a prewarm's own rate holds them up no more
  };
  Taken Take(TransferFrom from, uint64_t bytes, bool demanded, SteadyTime now);
  void SetRates(const TransferRates& rates);

 private:
  Duration TakeShared(TransferFrom from, uint64_t bytes, SteadyTime now);

  RateLimit download_;
  RateLimit origin_;
  RateLimit prewarm_;
};

}  // namespace ballast
