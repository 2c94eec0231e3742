#include "origin/http_error.h"

#include "base/strings.h"

namespace ballast {
namespace {

constexpr int kUnauthorized = 401;

// What the hub itself says, quoted; it may be anything.
std::string HubSays(const HttpAnswer& answer) {
  const std::string& message = answer.headers.Get("x-error-message");
  return message.empty() ? "" : StrCat("; the origin says ", Quoted(message, 300));
}

std::string TokenRemedy(const HttpContext& context) {
  if (!context.token.configured()) {
    return StrCat("give origin ", context.origin,
                  " a token (tokenFile in its configuration, HF_TOKEN on the command line)");
  }
  return StrCat("check ", context.token.Describe(), ": it may be expired, or lack the right to read this repository");
}

Status NotThere(const std::string& code, const HttpContext& context) {
  const std::string none = StrCat("origin ", context.origin, " has no ");
  if (code == "RepoNotFound") {
    return NotFound(
        StrCat(none, context.what, ": check the spelling; if the repository is private, ", TokenRemedy(context)));
  }
  if (code == "RevisionNotFound") {
    return NotFound(StrCat(none, context.what, ": the repository is there, the branch, tag or commit is not"));
  }
  if (code == "EntryNotFound") return NotFound(StrCat(none, context.what, " in this revision"));
  return NotFound(StrCat(none, context.what, ": check the name, and the endpoint with its path prefix"));
}

Status Refused(int status, const HttpContext& context) {
  const std::string text =
      StrCat("origin ", context.origin, " refuses ", context.what, " (", status, "): ", TokenRemedy(context));
  return status == kUnauthorized ? Unauthenticated(text) : PermissionDenied(text);
}

Status Later(const HttpAnswer& answer, const HttpContext& context, WallTime now) {
  const auto wait = RetryAfter(answer.headers, now);
  const std::string why = answer.status == 429 ? "limits how often it may be asked" : "is out of order for now";
  const std::string when = wait.count() > 0 ? StrCat("; it asks to wait ", FormatDuration(wait)) : "";
  return Unavailable(StrCat("origin ", context.origin, " ", why, " (", answer.status, " for ", context.what, ")", when))
      .WithRetryAfter(wait);
}

Status Other(const HttpAnswer& answer, const HttpContext& context) {
  if (answer.status == 407)
    return Unauthenticated("the proxy wants a user and a password: put them into the proxy's URL");
  if (answer.status == 416) {
    return DataLoss(StrCat(context.what, " is shorter at the origin than it was listed (416)"));
  }
  const std::string text = StrCat("origin ", context.origin, " answered ", answer.status, " for ", context.what);
  if (answer.status < 400 || answer.status >= 500) return Unavailable(text);
  return InvalidArgument(text + ": check the endpoint, and whatever proxy is on the way");
}

Status Classified(const HttpAnswer& answer, const HttpContext& context, WallTime now) {
  const int status = answer.status;
  const std::string& code = answer.headers.Get("x-error-code");
  const bool denied = status == kUnauthorized || status == 403;
  if (code == "GatedRepo") return GatedError(context);
  if (status == 404 || status == 410 || (denied && code == "RepoNotFound")) return NotThere(code, context);
  if (denied) return Refused(status, context);
  if (status == 408 || status == 425 || status == 429 || status >= 500) return Later(answer, context, now);
  return Other(answer, context);
}

}  // namespace

Status GatedError(const HttpContext& context) {
  const std::string page = context.page.empty() ? "the hub's page of the model" : context.page;
  return PermissionDenied(StrCat(context.what, " is gated: accept its terms at ", page, ", then ",
                                 context.token.configured() ? StrCat("use a token of that account (",
                                                                     context.token.Describe(), " is not admitted)")
                                                            : TokenRemedy(context)));
}

Status StatusOfAnswer(const HttpAnswer& answer, const HttpContext& context, WallTime now) {
  if (answer.status == 200 || answer.status == 206) return OkStatus();
  const Status status = Classified(answer, context, now);
  return Status(status.code(), status.message() + HubSays(answer)).WithRetryAfter(status.retry_after());
}

}  // namespace ballast
