#include "operator/resolver/revision_resolver.h"

#include <utility>

#include "base/logging.h"
#include "operator/resolver/secret_token.h"

namespace ballast::controller {

ResolveFailure OriginFailure(const Status& error) {
  switch (error.code()) {
    case StatusCode::kNotFound:
      return {Reason::kSourceNotFound, error.message()};
    case StatusCode::kUnauthenticated:
    case StatusCode::kPermissionDenied:
      return {Reason::kUnauthorized, error.message()};
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kUnimplemented:
      return {Reason::kInvalidSpec, error.message()};
    case StatusCode::kDataLoss:
      return {Reason::kDigestMismatch, error.message()};
    default:
      return {Reason::kOriginUnreachable, error.message()};
  }
}

RevisionResolver::RevisionResolver(Parts parts) : parts_(std::move(parts)), pool_("resolver", parts_.threads) {}

ResolveState RevisionResolver::StateOf(const std::string& cache) const {
  MutexLock lock(mutex_);
  const auto found = states_.find(cache);
  return found == states_.end() ? ResolveState{} : found->second;
}

void RevisionResolver::Ask(const std::string& cache, const ResolveRequest& request) {
  {
    MutexLock lock(mutex_);
    ResolveState& state = states_[cache];
    if (state.asking == request) return;
    state.asking = request;
  }
  ++outstanding_;
  pool_.Submit([this, cache, request](const std::stop_token& stop) {
    Answer(cache, request, stop);
    --outstanding_;
  });
}

void RevisionResolver::Forget(const std::string& cache) {
  MutexLock lock(mutex_);
  states_.erase(cache);
}

void RevisionResolver::Answer(const std::string& cache, const ResolveRequest& request, const std::stop_token& stop) {
  ResolveAnswer answer = Find(request, stop);
  if (stop.stop_requested()) return;
  {
    MutexLock lock(mutex_);
    const auto found = states_.find(cache);
    if (found == states_.end() || found->second.asking != request) return;  // nobody waits for it any more
    ResolveState& state = found->second;
    const bool again = state.answer && state.answer->request == request && !state.answer->revision;
    if (!answer.revision) answer.failures = again ? state.answer->failures + 1 : 1;
    state.answer = std::move(answer);
    state.asking.reset();
  }
  parts_.on_answer(cache);
}

ResolveAnswer RevisionResolver::Find(const ResolveRequest& request, const std::stop_token& stop) const {
  ResolveAnswer answer{.request = request};
  std::string token;
  Status error;
  if (request.token) {
    Result<std::string> read = ReadToken(parts_.client, *request.token, stop);
    if (!read.ok()) {
      answer.failure = SecretFailure(*request.token, read.status());
      error = read.status();
    } else {
      token = *std::move(read);
    }
  }
  if (error.ok()) {
    const Result<ResolvedRevision> revision = parts_.source(request, token, stop);
    if (revision.ok()) answer.revision = *revision;
    if (!revision.ok()) answer.failure = OriginFailure(revision.status());
  }
  answer.at = std::chrono::floor<std::chrono::seconds>(parts_.clock.Now());
  return answer;
}

ResolveFailure RevisionResolver::SecretFailure(const SecretKey& key, const Status& error) const {
  if (error.code() == StatusCode::kPermissionDenied) {
    return {Reason::kSecretNotReadable, ConsentText(key, parts_.operator_ns)};
  }
  if (error.code() == StatusCode::kNotFound) return {Reason::kSecretNotFound, error.message()};
  return {Reason::kOriginUnreachable, error.WithContext("read the token").message()};
}

}  // namespace ballast::controller
