// An operator that issues certificates of a test's CA and hands out tokens.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "daemon/cluster/operator_client.h"
#include "swarm/testing/test_cluster.h"

namespace ballast {

// Thread-safe. Outlives the clients that it makes.
class FakeOperator {
 public:
  // `cluster` outlives it.
  explicit FakeOperator(const TestCluster& cluster) : cluster_(cluster) {}

  MakeOperatorClient Maker() {
    return [this](OperatorAddresses addresses, const Clock& /*clock*/) {
      return std::make_unique<Client>(*this, std::move(addresses));
    };
  }
  // All answers are this; OK: as they should be.
  void Answer(Status status) {
    MutexLock lock(mutex_);
    answer_ = std::move(status);
  }
  void SetToken(const std::string& cache, const std::string& token) {
    MutexLock lock(mutex_);
    tokens_[cache] = token;
  }
  int issued() const {
    MutexLock lock(mutex_);
    return issued_;
  }
  int tokens_asked() const {
    MutexLock lock(mutex_);
    return asked_;
  }
  // As they were known when somebody asked last.
  std::vector<IssuerAddress> addresses() const {
    MutexLock lock(mutex_);
    return addresses_;
  }

 private:
  class Client final : public OperatorClient {
   public:
    Client(FakeOperator& of, OperatorAddresses addresses) : of_(of), addresses_(std::move(addresses)) {}
    Result<Credentials> IssueCertificate(const IssuerClient::CertificateRequest& request,
                                         const std::stop_token& /*stop*/) override {
      return of_.Issue(request, addresses_());
    }
    Result<std::string> OriginToken(const Credentials& /*own*/, const std::string& cache,
                                    const std::stop_token& /*stop*/) override {
      return of_.Token(cache);
    }

   private:
    FakeOperator& of_;
    const OperatorAddresses addresses_;
  };

  Result<Credentials> Issue(const IssuerClient::CertificateRequest& request, std::vector<IssuerAddress> addresses) {
    MutexLock lock(mutex_);
    addresses_ = std::move(addresses);
    if (!answer_.ok()) return answer_;
    if (request.ca != cluster_.CaPem()) return Unauthenticated("another CA");
    if (request.token != "token of " + request.node) return Unauthenticated("another token");
    ++issued_;
    ASSIGN_OR_RETURN(const PeerIdentity node, PeerIdentity::Node(request.node));
    return cluster_.CredentialsOf(node);
  }
  Result<std::string> Token(const std::string& cache) {
    MutexLock lock(mutex_);
    ++asked_;
    if (!answer_.ok()) return answer_;
    const auto found = tokens_.find(cache);
    if (found == tokens_.end()) return NotFound("it needs none");
    return found->second;
  }

  const TestCluster& cluster_;
  mutable Mutex mutex_;
  Status answer_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> tokens_ GUARDED_BY(mutex_);
  std::vector<IssuerAddress> addresses_ GUARDED_BY(mutex_);
  int issued_ GUARDED_BY(mutex_) = 0;
  int asked_ GUARDED_BY(mutex_) = 0;
};

}  // namespace ballast
