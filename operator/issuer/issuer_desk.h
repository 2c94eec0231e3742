// What the operator answers to nodes: their certificates, and tokens of origins.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "issuing/issuer_service.h"
#include "kube/kube_client.h"
#include "operator/issuer/authority_keeper.h"
#include "operator/issuer/token_reference.h"

namespace ballast::controller {

struct IssuerCounts {
  std::atomic<uint64_t> certificates{0};
  std::atomic<uint64_t> tokens{0};
  std::atomic<uint64_t> refused{0};  // of both calls: whatever was not given
};

// Thread-safe; runs on every replica. It asks the apiserver each time, so that it never decides on what was: a token
// costs three reads, and nodes keep theirs for some minutes.
class IssuerDesk final : public IssuerService {
 public:
  struct Parts {
    KubeClient& client;  // outlives it, like the clock
    const Clock& clock;
    std::function<std::shared_ptr<const Authority>()> authority;  // null: none yet
    ObjectName agent_account{"ballast-system", "ballast-agent"};
    ObjectName operator_account{"ballast-system", "ballast-operator"};
  };
  explicit IssuerDesk(Parts parts) : parts_(std::move(parts)) {}

  Result<IssuedChain> IssueCertificate(const CertificateOrder& order, const std::stop_token& stop) override;
  Result<std::string> OriginToken(const std::string& node, const std::string& cache,
                                  const std::stop_token& stop) override;

  const IssuerCounts& counts() const { return counts_; }

 private:
  Result<IssuedChain> Issue(const CertificateOrder& order, const std::stop_token& stop) const;
  Result<std::string> ReviewedNode(const std::string& token, const std::stop_token& stop) const;
  Result<std::string> Hand(const std::string& node, const std::string& cache, const std::stop_token& stop) const;
  Result<CacheNode> ReadNode(const std::string& node, const std::stop_token& stop) const;
  Result<ModelCache> ReadCache(const std::string& cache, const std::stop_token& stop) const;
  Result<Json> ReadSecret(const ObjectName& secret, const std::stop_token& stop) const;

  const Parts parts_;
  IssuerCounts counts_;
};

}  // namespace ballast::controller
