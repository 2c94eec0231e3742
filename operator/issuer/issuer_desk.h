// What the operator answers to nodes: their certificates, and tokens of origins.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/cache_node.h"
#include "api/model_cache.h"
#include "base/clock.h"
#include "issuing/issuer_service.h"
#include "kube/kube_client.h"
#include "operator/issuer/authority_keeper.h"
#include "operator/issuer/issuer_metrics.h"
#include "operator/resolver/resolve_request.h"

namespace ballast::controller {

// Thread-safe; runs on every replica. It asks the apiserver each time, so that it never decides on what was: a token
// costs three reads, and nodes keep theirs for some minutes.
class IssuerDesk final : public IssuerService {
 public:
  struct Parts {
    KubeClient& client;  // outlives it, like the clock
    const Clock& clock;
    std::function<std::shared_ptr<const Authority>()> authority;  // null: none yet
    ObjectName agent_account{"ballast-system", "ballast-agent"};
    IssuerMetrics metrics;
  };
  explicit IssuerDesk(Parts parts) : parts_(std::move(parts)) {}

  Result<IssuedChain> IssueCertificate(const CertificateOrder& order, const std::stop_token& stop) override;
  Result<std::string> OriginToken(const std::string& node, const std::string& cache,
                                  const std::stop_token& stop) override;

 private:
  Result<IssuedChain> Issue(const CertificateOrder& order, const std::stop_token& stop) const;
  Result<std::string> ReviewedNode(const std::string& token, const std::stop_token& stop) const;
  Result<std::string> Hand(const std::string& node, const std::string& cache, const std::stop_token& stop) const;
  Result<CacheNode> ReadNode(const std::string& node, const std::stop_token& stop) const;
  Result<ModelCache> ReadCache(const std::string& cache, const std::stop_token& stop) const;
  Result<std::string> ReadSecret(const SecretKey& key, const std::stop_token& stop) const;

  const Parts parts_;
};

}  // namespace ballast::controller
