// Tokens of origins, as the operator hands them over for the caches of this node's CacheNode, or as volumes bring them.
// In memory only, never in a log.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/cluster/operator_client.h"

namespace ballast {

// Thread-safe. A token is kept for a few minutes, and asked for again when an origin has refused it.
class DomainTokens {
 public:
  struct Parts {
    OperatorClient& issuer;                                           // outlives it
    const Clock& clock;                                               // the same
    std::function<std::shared_ptr<const Credentials>()> credentials;  // this node's; null while it has none
  };
  explicit DomainTokens(Parts parts) : parts_(std::move(parts)) {}

  // A cache of each domain: by which the operator knows it.
  void SetCaches(std::map<std::string, std::string> cache_of_domain);

  // A volume brought it. It is kept as long as it is used at least once a day.
  void Give(const std::string& domain, const std::string& token);

  // "": the cache needs none (any more). Unauthenticated: a person has to do something about its Secret. Unavailable:
  // this node has no certificate yet, or the operator does not answer.
  Result<std::string> Get(const std::string& domain);
  // An origin has refused the token. True: there is another one now.
  bool Renew(const std::string& domain);

 private:
  struct Known {
    std::string token;
    SteadyTime asked;  // of one that was given: used last
  };

  Result<std::string> Ask(const std::string& domain);
  std::optional<std::string> Given(const std::string& domain);

  const Parts parts_;
  Mutex mutex_;
  std::map<std::string, std::string> caches_ GUARDED_BY(mutex_);
  std::map<std::string, Known> known_ GUARDED_BY(mutex_);
  std::map<std::string, Known> given_ GUARDED_BY(mutex_);
};

}  // namespace ballast
