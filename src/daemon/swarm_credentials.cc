#include "daemon/swarm_credentials.h"

#include <utility>

#include "base/logging.h"
#include "base/strings.h"

namespace ballast {
namespace {

// Renewed at two thirds of its life, so who has less than a fifth left was forgotten.
std::optional<std::string> ExpiryProblem(const Validity& validity, WallTime now) {
  const auto left = validity.not_after - now;
  if (left >= (validity.not_after - validity.not_before) / 5) return std::nullopt;
  return StrCat("this node's certificate expires in ", TimeLeft(std::chrono::duration_cast<Duration>(left)),
                ", then it is out of the swarm; renew it (ballast certs issue)");
}

}  // namespace

std::string TimeLeft(Duration left) {
  const auto days = std::chrono::duration_cast<std::chrono::days>(left).count();
  if (days >= 2) return StrCat(days, " days");
  return FormatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(left));
}

SwarmCredentials::SwarmCredentials(CredentialPaths paths, std::string node, const Clock& clock)
    : node_(std::move(node)), clock_(clock), files_(std::move(paths), clock) {}

std::optional<std::string> SwarmCredentials::Take(const CredentialFiles::Refreshed& refreshed) {
  const std::string consequence = credentials_ == nullptr ? "swarm off, models come from their origins: "
                                                          : "the certificate of this node cannot be renewed: ";
  if (refreshed.credentials == nullptr) return consequence + refreshed.problem.message();
  const Result<CredentialFacts> facts = Check(*refreshed.credentials, clock_.Now());
  if (refreshed.credentials != read_ && facts.ok()) {
    if (facts->identity.is_operator() || facts->identity.node() != node_) {
      return StrCat(consequence, "it is the certificate of ", facts->identity, ", and this is node ", node_,
                    "; correct swarm.tls, or the key `node`");
    }
    const auto context = TlsContext::Create(*refreshed.credentials);
    if (!context.ok()) return consequence + context.status().message();
    context_ = *context;
    valid_until_ = facts->validity.not_after;
    credentials_ = read_ = refreshed.credentials;
    LOG(INFO) << Message("Certificate for the swarm")
                     .With("node", node_)
                     .With("valid_until", FormatUtc(facts->validity.not_after));
  }
  if (!refreshed.problem.ok()) return refreshed.problem.message();
  return facts.ok() ? ExpiryProblem(facts->validity, clock_.Now()) : std::nullopt;
}

void SwarmCredentials::Refresh() {
  const CredentialFiles::Refreshed refreshed = files_.Refresh();
  MutexLock lock(mutex_);
  std::optional<std::string> problem = Take(refreshed);
  if (problem && problem != problem_) LOG(WARNING) << Message(*problem);
  problem_ = std::move(problem);
}

std::shared_ptr<const Credentials> SwarmCredentials::credentials() const {
  MutexLock lock(mutex_);
  return credentials_;
}

std::shared_ptr<const TlsContext> SwarmCredentials::context() const {
  MutexLock lock(mutex_);
  return context_;
}

std::optional<WallTime> SwarmCredentials::valid_until() const {
  MutexLock lock(mutex_);
  return valid_until_;
}

std::optional<std::string> SwarmCredentials::problem() const {
  MutexLock lock(mutex_);
  return problem_;
}

}  // namespace ballast
