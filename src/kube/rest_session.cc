#include "kube/rest_session.h"

#include <algorithm>

#include "base/small_file.h"
#include "base/strings.h"
#include "kube/kube_status.h"
#include "kube/watch_lines.h"

namespace ballast {
namespace {

constexpr size_t kMaxToken = 64 << 10;

SteadyTime In(Duration wait) { return std::chrono::steady_clock::now() + wait; }

// Anything else could end the header that it stands in.
bool IsToken(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

std::string RestCall::What() const {
  const std::string object = name.ToString();
  return StrCat(verb, " ", resource.FullName(), object.empty() ? "" : " ", object);
}

Status RestSession::Name(const RestCall& call, const Status& status) const {
  const bool connection = status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded ||
                          status.code() == StatusCode::kUnauthenticated;
  return status.WithContext(connection ? StrCat(call.What(), " at ", access_.server) : call.What());
}

Result<std::string> RestSession::Token() const {
  if (access_.token_file.empty()) return access_.token;
  ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(access_.token_file, kMaxToken));
  return std::string(Trim(text));
}

Result<RestHead> RestSession::Start(RestExchange& exchange, const RestCall& call, SteadyTime deadline) const {
  ASSIGN_OR_RETURN(const std::string token, Token());
  if (!IsToken(token)) return Unauthenticated("the token is not one word");
  auto head = exchange.Start({.method = call.method,
                              .target = call.target,
                              .content_type = call.content_type,
                              .body = call.body,
                              .token = token,
                              .user_agent = options_.user_agent},
                             deadline);
  if (options_.on_answer) options_.on_answer(call.verb, call.resource, head.ok() ? head->code : 0);
  return head;
}

Result<std::string> RestSession::ReadAll(RestExchange& exchange, SteadyTime deadline) const {
  std::string body;
  for (;;) {
    ASSIGN_OR_RETURN(const std::string bytes, exchange.Read(deadline));
    if (bytes.empty()) return body;
    body += bytes;
    if (body.size() > options_.max_answer_bytes) {
      return DataLoss(StrCat("an answer of more than ", FormatBytes(options_.max_answer_bytes)));
    }
  }
}

Result<Json> RestSession::Exchange(const RestCall& call, const CallLimits& limits) const {
  const SteadyTime deadline = In(limits.timeout);
  RestExchange exchange(connections_, limits.stop);
  ASSIGN_OR_RETURN(const RestHead head, Start(exchange, call, deadline));
  ASSIGN_OR_RETURN(const std::string body, ReadAll(exchange, deadline));
  if (head.code < 200 || head.code > 299) {
    return StatusOfKubeAnswer({.code = head.code, .retry_after = head.retry_after, .body = body}, "");
  }
  auto object = ParseJson(body);
  if (!object.ok() || !object->is_object()) {
    return Unavailable(StrCat("the answer is no JSON object: ", Quoted(body, 100)));
  }
  return object;
}

Result<Json> RestSession::Ask(const RestCall& call, const CallLimits& limits) const {
  auto answer = Exchange(call, limits);
  if (!answer.ok()) return Name(call, answer.status());
  return answer;
}

Status RestSession::Watch(const RestCall& call, const WatchSink& sink, const std::stop_token& stop) const {
  RestExchange exchange(connections_, stop);
  Status sink_error;
  const WatchSink keep_error = [&](const WatchEvent& event) { return sink_error = sink(event); };
  const Status end = Follow(exchange, call, keep_error, stop);
  return sink_error.ok() ? Name(call, end) : sink_error;
}

Status RestSession::Follow(RestExchange& exchange, const RestCall& call, const WatchSink& sink,
                           const std::stop_token& stop) const {
  ASSIGN_OR_RETURN(const RestHead head, Start(exchange, call, In(options_.watch_start)));
  if (head.code != 200) {
    ASSIGN_OR_RETURN(const std::string body, ReadAll(exchange, In(options_.watch_start)));
    return StatusOfKubeAnswer({.code = head.code, .retry_after = head.retry_after, .body = body}, "");
  }
  LineCutter lines;
  for (;;) {
    ASSIGN_OR_RETURN(const std::string bytes, exchange.Read(In(options_.watch_silence)));
    if (bytes.empty()) return OkStatus();
    RETURN_IF_ERROR(lines.Add(bytes));
    while (const auto line = lines.Next()) {
      ASSIGN_OR_RETURN(const WatchEvent event, ParseWatchLine(*line, ""));
      RETURN_IF_ERROR(sink(event));
      if (stop.stop_requested()) return Cancelled("the watch was stopped");
    }
  }
}

}  // namespace ballast
