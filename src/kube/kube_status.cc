#include "kube/kube_status.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxMessage = 2000;

bool HasCause(const Json& status, const char* member, std::string_view value) {
  const Json& causes = ChildAt(status, "/details/causes");
  return std::any_of(causes.begin(), causes.end(), [&](const Json& cause) { return StringAt(cause, member) == value; });
}

StatusCode CodeOfConflict(const Json& status) {
  if (StringAt(status, "/reason") == "AlreadyExists") return StatusCode::kAlreadyExists;
  // The same apply would fail again, until its owner or ours lets go of the field.
  return HasCause(status, "/reason", "FieldManagerConflict") ? StatusCode::kFailedPrecondition : StatusCode::kAborted;
}

StatusCode CodeOf(int http, const Json& status) {
  switch (http) {
    case 400:
    case 413:
      return StatusCode::kInvalidArgument;
    case 422:  // an apply that means another object of the same name
      return HasCause(status, "/field", "metadata.uid") ? StatusCode::kAborted : StatusCode::kInvalidArgument;
    case 401:
      return StatusCode::kUnauthenticated;
    case 403:
      return StatusCode::kPermissionDenied;
    case 404:
      return StatusCode::kNotFound;
    case 405:
    case 406:
    case 415:
      return StatusCode::kUnimplemented;
    case 409:
      return CodeOfConflict(status);
    case 410:
      return StatusCode::kOutOfRange;
    case 429:
      return StatusCode::kResourceExhausted;
    case 504:
      return StatusCode::kDeadlineExceeded;
    default:
      if (StringAt(status, "/reason") == "Timeout") return StatusCode::kDeadlineExceeded;
      return http >= 500 ? StatusCode::kUnavailable : StatusCode::kUnknown;
  }
}

// Foreign text in one line: control bytes escaped, its own quotes left as they are.
std::string Plain(std::string_view text) {
  const std::string quoted = Quoted(text.substr(0, kMaxMessage), kMaxMessage);
  std::string plain;
  for (size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\' && (quoted[i + 1] == '"' || quoted[i + 1] == '\\')) ++i;
    plain += quoted[i];
  }
  return text.size() > kMaxMessage ? plain + "..." : plain;
}

std::string Explain(const KubeAnswer& answer, const Json& status) {
  const std::string message = StringAt(status, "/message");
  if (!message.empty()) return Plain(message);
  if (answer.code >= 300 && answer.code < 400) {
    return StrCat("HTTP ", answer.code, ": an apiserver redirects nobody; is the server's URL right?");
  }
  const bool text = !answer.body.empty();
  return StrCat("HTTP ", answer.code, text ? StrCat(": ", Quoted(answer.body)) : " without a text");
}

std::chrono::seconds RetryAfter(const KubeAnswer& answer, const Json& status) {
  uint64_t header = 0;
  if (!ParseUint64(Trim(answer.retry_after), header)) header = 0;
  const int64_t detail = std::max<int64_t>(0, IntAt(status, "/details/retryAfterSeconds"));
  const uint64_t most = std::chrono::seconds(kMaxKubeRetryAfter).count();
  return std::chrono::seconds(std::min(most, std::max(header, static_cast<uint64_t>(detail))));
}

Status Build(const KubeAnswer& answer, const Json& status, std::string_view what) {
  const Status bare(CodeOf(answer.code, status), Explain(answer, status));
  return (what.empty() ? bare : bare.WithContext(what)).WithRetryAfter(RetryAfter(answer, status));
}

}  // namespace

Status StatusOfKubeAnswer(const KubeAnswer& answer, std::string_view what) {
  const auto parsed = ParseJson(answer.body);
  return Build(answer, parsed.ok() ? *parsed : Json::object(), what);
}

Status StatusOfKubeError(const Json& error, std::string_view what) {
  const int64_t code = IntAt(error, "/code", 500);
  return Build({.code = code >= 400 && code < 600 ? static_cast<int>(code) : 500}, error, what);
}

}  // namespace ballast
