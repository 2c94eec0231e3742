// What a cache's source asks an origin, as a value, and what comes of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "api/condition.h"
#include "api/model_cache.h"
#include "base/status.h"
#include "core/glob.h"
#include "core/model_ref.h"
#include "kube/resource.h"

namespace ballast::controller {

// A key of a Secret.
struct SecretKey {
  ObjectName secret;
  std::string key;

  friend bool operator==(const SecretKey&, const SecretKey&) = default;
};

struct ResolveRequest {
  ModelRef ref;  // with revision
  PathFilter filter;
  std::string origin;
  std::optional<SecretKey> token;

  friend bool operator==(const ResolveRequest&, const ResolveRequest&) = default;
};

// One revision: which commit, and which bytes.
struct ResolvedRevision {
  std::string commit;    // where the origin has none, the manifest's digest
  std::string manifest;  // "sha256:…"
  uint64_t bytes = 0;
  uint64_t files = 0;

  friend bool operator==(const ResolvedRevision&, const ResolvedRevision&) = default;
};

// Why there is none, for people.
struct ResolveFailure {
  Reason reason = Reason::kOriginUnreachable;
  std::string message;

  friend bool operator==(const ResolveFailure&, const ResolveFailure&) = default;
};

struct ResolveAnswer {
  ResolveRequest request;
  std::optional<ResolvedRevision> revision;  // nothing: `failure` says why
  ResolveFailure failure;
  Timestamp at;
  int failures = 0;  // in a row, this one counted

  friend bool operator==(const ResolveAnswer&, const ResolveAnswer&) = default;
};

// What is known of a cache's question.
struct ResolveState {
  std::optional<ResolveRequest> asking;  // under way
  std::optional<ResolveAnswer> answer;   // the last one, of whatever was asked then
};

// Where the token of `cache` lies; nothing: it has none.
std::optional<SecretKey> TokenOf(const ModelCache& cache);
ResolveRequest RequestOf(const ModelCache& cache);
// "main", "main+1f2e3d4c" with a word for the patterns: another text = the origin has to be asked again.
std::string RequestText(const ResolveRequest& request);
// Whether the same question may have another answer tomorrow: a branch, a tag, a directory.
bool CanMove(const ResolveRequest& request);
// Who vouches for the right to the bytes: "" = nobody has to. CacheEntry::domain.
std::string DomainOf(const ModelCache& cache);

// Asks the origin, with `token` if it is not "". Blocks.
using RevisionSource =
    std::function<Result<ResolvedRevision>(const ResolveRequest&, const std::string& token, const std::stop_token&)>;

}  // namespace ballast::controller
