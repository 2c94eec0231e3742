// The configured origins with the token of a domain instead of their own: one set for each domain, so that neither
// connections nor signed links of one serve another.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/origin_config.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/cluster/domain_tokens.h"
#include "daemon/model_request.h"
#include "origin/origin_set.h"

namespace ballast {

// An origin whose refusal of a token (401, 403) is answered with the operator's next one, once. Thread-safe.
class RenewingOrigin final : public Origin {
 public:
  // Both outlive it.
  RenewingOrigin(Origin& origin, DomainTokens& tokens, std::string domain)
      : origin_(origin), tokens_(tokens), domain_(std::move(domain)) {}

  Result<ResolvedModel> Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) override;
  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override;
  Status Reach(const ModelRef& ref, Duration patience, std::stop_token stop) override;

 private:
  bool HasAnother(const Status& refusal);

  Origin& origin_;
  DomainTokens& tokens_;
  const std::string domain_;
};

// Thread-safe.
class DomainOrigins {
 public:
  // All of it outlives it.
  DomainOrigins(const std::vector<OriginConfig>& configs, const Clock& clock, prometheus::Registry& registry,
                DomainTokens& tokens)
      : configs_(configs), clock_(clock), registry_(registry), tokens_(tokens) {}

  // As OriginSet::Select(), for a request with a domain.
  Result<Origin*> Select(const ModelRequest& request);

 private:
  struct OfDomain {
    std::unique_ptr<OriginSet> set;
    std::map<Origin*, std::unique_ptr<RenewingOrigin>> renewing;
  };

  Result<OfDomain*> Of(const std::string& domain) REQUIRES(mutex_);

  const std::vector<OriginConfig>& configs_;
  const Clock& clock_;
  prometheus::Registry& registry_;
  DomainTokens& tokens_;
  Mutex mutex_;
  std::map<std::string, OfDomain> domains_ GUARDED_BY(mutex_);
};

}  // namespace ballast
