#include "fetch/rate_meter.h"

namespace ballast {

void RateMeter::Add(SteadyTime now, uint64_t total) {
  samples_.push_back({now, total});
  while (samples_.size() > 2 && now - samples_[1].at >= kWindow) samples_.pop_front();
}

uint64_t RateMeter::BytesPerSecond() const {
  if (samples_.size() < 2) return 0;
  const std::chrono::duration<double> time = samples_.back().at - samples_.front().at;
  if (time.count() <= 0) return 0;
  return static_cast<uint64_t>(static_cast<double>(samples_.back().total - samples_.front().total) / time.count());
}

}  // namespace ballast
