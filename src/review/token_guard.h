// Lets in who shows a bearer token that a review, which takes its time, finds good.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/worker_pool.h"
#include "http/http_guard.h"
#include "review/verdict_book.h"

namespace ballast {

struct TokenGuardLimits {
  VerdictLimits remember;
  int at_once = 4;  // reviews, and threads for them; who comes beyond that is told to come back
};

// Thread-safe. The destructor asks reviews to stop and waits for them.
class TokenGuard final : public HttpGuard {
 public:
  // OK, Unauthenticated or PermissionDenied, which are remembered, or why it can't be said now. May block until `stop`.
  using Review = std::function<Status(const std::string& token, const std::stop_token& stop)>;

  // `clock` outlives it.
  TokenGuard(Review review, const Clock& clock, const TokenGuardLimits& limits = {});

  void Ask(const std::vector<std::string>& authorization, Decide decide) override;

 private:
  // What is known at once; otherwise a review begins, if one more may.
  std::optional<Status> Begin(const std::string& token) EXCLUDES(mutex_);
  void End(const std::string& token, const Status& verdict) EXCLUDES(mutex_);

  const Review review_;
  const Clock& clock_;
  const int at_once_;
  Mutex mutex_;
  VerdictBook verdicts_ GUARDED_BY(mutex_);
  int reviews_ GUARDED_BY(mutex_) = 0;
  WorkerPool workers_;  // last: its tasks use the rest
};

}  // namespace ballast
