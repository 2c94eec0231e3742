// Exponential backoff with full jitter, as a value: the same seed gives the same delays.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace ballast {

struct BackoffPolicy {
  std::chrono::milliseconds initial{500};
  std::chrono::milliseconds max{30'000};
  double multiplier = 2;
};

class Backoff {
 public:
  explicit Backoff(BackoffPolicy policy, uint32_t seed = 1) : policy_(policy), random_(seed) {}

  // The wait before the next attempt: between half of the current step and the whole of it, which then doubles to max.
  std::chrono::milliseconds Next();
  void Reset() { failures_ = 0; }
  int failures() const { return failures_; }

 private:
  BackoffPolicy policy_;
  int failures_ = 0;
  std::minstd_rand random_;
};

}  // namespace ballast
