#include "origin/testing/hub_reply.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/strings.h"

namespace ballast::hub {
namespace {

bool SameName(std::string_view a, std::string_view b) { return ToLower(a) == ToLower(b); }

struct Range {
  uint64_t first;
  uint64_t last;  // inclusive, may lie behind the end
};

// RFC 9110 14.1.2; nullopt: not one valid byte range, so the header is ignored.
std::optional<Range> ParseRange(std::string_view header, uint64_t size) {
  if (!header.starts_with("bytes=")) return std::nullopt;
  std::string_view spec = header.substr(6);
  size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::string_view from = Trim(spec.substr(0, dash));
  std::string_view to = Trim(spec.substr(dash + 1));
  Range range{0, UINT64_MAX};
  uint64_t suffix = 0;
  if (from.empty()) {
    if (!ParseUint64(to, suffix)) return std::nullopt;
    return suffix == 0 ? Range{size, UINT64_MAX} : Range{size - std::min(size, suffix), UINT64_MAX};
  }
  if (!ParseUint64(from, range.first)) return std::nullopt;
  if (!to.empty() && (!ParseUint64(to, range.last) || range.last < range.first)) return std::nullopt;
  return range;
}

Reply Unsatisfiable(uint64_t size) {
  Reply reply = TextReply(416, "text/plain", "Requested Range Not Satisfiable");
  return reply.Set("Content-Range", StrCat("bytes */", size));
}

}  // namespace

Reply& Reply::Set(std::string_view name, std::string_view value) {
  auto at =
      std::find_if(headers.begin(), headers.end(), [&](const auto& header) { return SameName(header.first, name); });
  if (at == headers.end()) {
    headers.emplace_back(name, value);
  } else {
    at->second = value;
  }
  return *this;
}

std::string Reply::Get(std::string_view name) const {
  auto at =
      std::find_if(headers.begin(), headers.end(), [&](const auto& header) { return SameName(header.first, name); });
  return at == headers.end() ? "" : at->second;
}

void Reply::Drop(std::string_view name) {
  std::erase_if(headers, [&](const auto& header) { return SameName(header.first, name); });
}

void Reply::SetBody(std::string bytes) {
  body = {.bytes = std::make_shared<const std::string>(std::move(bytes))};
  body.size = body.bytes->size();
  first = 0;
  length = body.size;
}

std::string_view StatusText(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 302:
      return "Found";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 416:
      return "Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

Reply TextReply(int status, std::string_view content_type, std::string body) {
  Reply reply{.status = status};
  reply.Set("Content-Type", content_type);
  reply.SetBody(std::move(body));
  return reply;
}

Reply ErrorReply(int status, std::string_view code, std::string_view message) {
  Reply reply =
      TextReply(status, "application/json; charset=utf-8",
                nlohmann::json{{"error", message}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (!code.empty()) reply.Set("X-Error-Code", code);
  return reply.Set("X-Error-Message", message);
}

Reply FileReply(const Content& content, std::string_view etag, std::string_view file) {
  Reply reply{.body = content, .length = content.size, .ranged = true, .file = std::string(file)};
  return reply.Set("ETag", StrCat('"', etag, '"')).Set("Accept-Ranges", "bytes");
}

Reply ApplyRange(Reply reply, const Request& request) {
  if (!reply.ranged || reply.status != 200) return reply;
  std::string match = request.Header("if-match");
  if (!match.empty() && match != "*" && match != reply.Get("ETag"))
    return TextReply(412, "text/plain", "If-Match failed");
  std::string same = request.Header("if-range");
  std::optional<Range> range = ParseRange(request.Header("range"), reply.body.size);
  if (!range || (!same.empty() && same != reply.Get("ETag"))) return reply;
  if (range->first >= reply.body.size) return Unsatisfiable(reply.body.size);
  uint64_t last = std::min(range->last, reply.body.size - 1);
  reply.status = 206;
  reply.first = range->first;
  reply.length = last - range->first + 1;
  return reply.Set("Content-Range", StrCat("bytes ", range->first, "-", last, "/", reply.body.size));
}

}  // namespace ballast::hub
