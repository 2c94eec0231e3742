#include "daemon/cluster/domain_tokens.h"

#include <iterator>
#include <optional>
#include <utility>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr std::chrono::minutes kKeep{5};
constexpr std::chrono::hours kKeepUnused{24};  // of a token that a volume brought
constexpr std::chrono::seconds kNotTwice{
    10};  // an origin that refuses everything is no reason to ask the operator more

Result<std::string> TokenOf(const std::string& cache, Result<std::string> answer) {
  if (answer.ok()) return answer;
  switch (answer.status().code()) {
    case StatusCode::kNotFound:
      return std::string();
    case StatusCode::kFailedPrecondition:
    case StatusCode::kPermissionDenied:
      return Unauthenticated(StrCat("no token for cache ", cache, ": ", answer.status().message()));
    default:
      return Unavailable(StrCat("no token for cache ", cache, " yet: ", answer.status().message()));
  }
}

}  // namespace

void DomainTokens::SetCaches(std::map<std::string, std::string> cache_of_domain) {
  MutexLock lock(mutex_);
  caches_ = std::move(cache_of_domain);
  for (auto one = known_.begin(); one != known_.end();)
    one = caches_.contains(one->first) ? std::next(one) : known_.erase(one);
}

void DomainTokens::Give(const std::string& domain, const std::string& token) {
  MutexLock lock(mutex_);
  const SteadyTime now = parts_.clock.Steady();
  std::erase_if(given_, [&](const auto& one) { return one.second.asked + kKeepUnused < now; });
  given_[domain] = {token, now};
}

std::optional<std::string> DomainTokens::Given(const std::string& domain) {
  MutexLock lock(mutex_);
  const auto found = given_.find(domain);
  if (found == given_.end()) return std::nullopt;
  found->second.asked = parts_.clock.Steady();
  return found->second.token;
}

Result<std::string> DomainTokens::Get(const std::string& domain) {
  if (std::optional<std::string> given = Given(domain)) return *std::move(given);
  {
    MutexLock lock(mutex_);
    const auto known = known_.find(domain);
    if (known != known_.end() && parts_.clock.Steady() < known->second.asked + kKeep) return known->second.token;
  }
  return Ask(domain);
}

Result<std::string> DomainTokens::Ask(const std::string& domain) {
  std::string cache;
  {
    MutexLock lock(mutex_);
    const auto found = caches_.find(domain);
    if (found == caches_.end())
      return Unavailable(StrCat("this node's CacheNode lists no cache of the domain ", Quoted(domain), " any more"));
    cache = found->second;
  }
  const std::shared_ptr<const Credentials> own = parts_.credentials();
  if (own == nullptr)
    return Unavailable(
        StrCat("no token for cache ", cache, " yet: this node has no certificate to ask the operator with"));
  const SteadyTime asked = parts_.clock.Steady();
  ASSIGN_OR_RETURN(std::string token, TokenOf(cache, parts_.issuer.OriginToken(*own, cache, {})));
  MutexLock lock(mutex_);
  if (caches_.contains(domain)) known_[domain] = {token, asked};
  return token;
}

bool DomainTokens::Renew(const std::string& domain) {
  if (Given(domain)) return false;  // another token is another domain
  std::optional<std::string> before;
  {
    MutexLock lock(mutex_);
    const auto known = known_.find(domain);
    if (known != known_.end() && parts_.clock.Steady() < known->second.asked + kNotTwice) return false;
    if (known != known_.end()) before = known->second.token;
  }
  const Result<std::string> now = Ask(domain);
  return now.ok() && now.value() != before.value_or("");
}

}  // namespace ballast
