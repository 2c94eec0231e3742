// Rate limits as the hub announces them: fixed windows, headers `ratelimit` and `ratelimit-policy`.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "origin/testing/hub_reply.h"

namespace ballast::hub {

// `requests` in each window of `window`; 0 = unlimited. Beyond it: 429 with Retry-After, ratelimit, ratelimit-policy.
struct RateLimit {
  int requests = 0;
  std::chrono::seconds window{300};
};

class RateWindow {
 public:
  explicit RateWindow(std::string name) : name_(std::move(name)) {}
  void Set(const RateLimit& limit);
  // Counts a request. False: it is over the limit.
  bool Take(SteadyTime now);
  // The headers after Take; Retry-After only on a 429.
  void Announce(Reply& reply) const;

 private:
  const std::string name_;
  RateLimit limit_;
  SteadyTime begin_{};
  int used_ = 0;
  int64_t left_seconds_ = 0;
};

}  // namespace ballast::hub
