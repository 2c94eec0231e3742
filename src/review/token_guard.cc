#include "review/token_guard.h"

#include <utility>

#include "issuing/bearer_token.h"

namespace ballast {

TokenGuard::TokenGuard(Review review, const Clock& clock, const TokenGuardLimits& limits)
    : review_(std::move(review)),
      clock_(clock),
      at_once_(limits.at_once),
      verdicts_(limits.remember),
      workers_("token-review", limits.at_once) {}

void TokenGuard::Ask(const std::vector<std::string>& authorization, Decide decide) {
  const Result<std::string> token = BearerToken(authorization);
  if (!token.ok()) return decide(token.status());
  if (const auto known = Begin(*token)) return decide(*known);
  workers_.Submit([this, token = *token, decide = std::move(decide)](const std::stop_token& stop) {
    const Status verdict = review_(token, stop);
    End(token, verdict);
    decide(verdict);
  });
}

std::optional<Status> TokenGuard::Begin(const std::string& token) {
  MutexLock lock(mutex_);
  if (auto known = verdicts_.Find(token, clock_.Steady())) return known;
  if (reviews_ >= at_once_) return Unavailable("too many tokens are being looked at; ask again in a moment");
  ++reviews_;
  return std::nullopt;
}

void TokenGuard::End(const std::string& token, const Status& verdict) {
  MutexLock lock(mutex_);
  --reviews_;
  verdicts_.Keep(token, verdict, clock_.Steady());
}

}  // namespace ballast
