#include "review/metrics_access.h"

#include "identity/tls_context.h"
#include "review/scraper_review.h"
#include "review/token_guard.h"

namespace ballast {

HttpAccess GuardMetrics(const MetricsAccessParts& parts) {
  const auto review = [&client = parts.client](const std::string& token, const std::stop_token& stop) {
    return ReviewScraper(client, token, stop);
  };
  return {.guarded = {kMetricsPath},
          .guard = std::make_unique<TokenGuard>(review, parts.clock),
          .tls = [tls = std::make_shared<OneSidedTls>(parts.credentials)] { return tls->Current(); }};
}

}  // namespace ballast
