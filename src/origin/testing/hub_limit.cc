#include "origin/testing/hub_limit.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast::hub {

void RateWindow::Set(const RateLimit& limit) {
  limit_ = limit;
  used_ = 0;
}

bool RateWindow::Take(SteadyTime now) {
  if (limit_.requests == 0) return true;
  if (used_ == 0 || now - begin_ >= limit_.window) {
    begin_ = now;
    used_ = 0;
  }
  left_seconds_ = std::chrono::ceil<std::chrono::seconds>(begin_ + limit_.window - now).count();
  if (used_ >= limit_.requests) return false;
  ++used_;
  return true;
}

void RateWindow::Announce(Reply& reply) const {
  if (limit_.requests == 0) return;
  reply.Set("ratelimit", StrCat("\"", name_, "\";r=", limit_.requests - used_, ";t=", left_seconds_));
  reply.Set("ratelimit-policy",
            StrCat("\"fixed window\";\"", name_, "\";q=", limit_.requests, ";w=", limit_.window.count()));
  if (reply.status == 429) reply.Set("Retry-After", StrCat(left_seconds_));
}

}  // namespace ballast::hub
