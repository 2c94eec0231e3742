#include "daemon/rate_limit.h"

#include <algorithm>

namespace ballast {
namespace {

constexpr Duration kBurst = std::chrono::milliseconds(250);
// More than passes between two takes of somebody who takes all: only what was idle for longer is left over.
constexpr Duration kIdle = std::chrono::milliseconds(100);

}  // namespace

Duration RateLimit::Take(uint64_t bytes, SteadyTime now) {
  if (rate_ == 0) return Duration::zero();
  const auto cost = std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(rate_));
  paid_until_ = std::max(paid_until_, now - kBurst) + std::chrono::duration_cast<Duration>(cost);
  return std::max(paid_until_ - now, Duration::zero());
}

Duration RateLimit::SpareIn(SteadyTime now) const {
  return rate_ == 0 ? Duration::zero() : std::max(paid_until_ + kIdle - now, Duration::zero());
}

Duration TransferBuckets::TakeShared(TransferFrom from, uint64_t bytes, SteadyTime now) {
  const Duration wait = download_.Take(bytes, now);
  return from == TransferFrom::kPeer ? wait : std::max(wait, origin_.Take(bytes, now));
}

TransferBuckets::Taken TransferBuckets::Take(TransferFrom from, uint64_t bytes, bool demanded, SteadyTime now) {
  if (demanded) {
    const Duration wait = TakeShared(from, bytes, now);
    return {true, wait, wait};
  }
  Duration spare_in = download_.SpareIn(now);
  if (from == TransferFrom::kOrigin) spare_in = std::max(spare_in, origin_.SpareIn(now));
  if (spare_in > Duration::zero()) return {false, spare_in, Duration::zero()};
  const Duration shared = TakeShared(from, bytes, now);
  return {true, std::max(shared, prewarm_.Take(bytes, now)), shared};
}

void TransferBuckets::SetRates(const TransferRates& rates) {
  download_.SetRate(rates.download);
  origin_.SetRate(rates.origin);
  prewarm_.SetRate(rates.prewarm);
}

}  // namespace ballast
