#include "origin/http_headers.h"

#include <algorithm>
#include <ctime>

#include "base/strings.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

milliseconds Clamped(double wait_seconds) {
  const double longest = static_cast<double>(seconds(kMaxRetryAfter).count());
  return milliseconds(static_cast<int64_t>(std::clamp(wait_seconds, 0.0, longest) * 1000));
}

// A decimal number, a sign allowed; anything that is too large counts as the largest.
std::optional<double> ParseSeconds(std::string_view text) {
  text = Trim(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  const std::string_view whole = text.substr(0, text.find('.'));
  uint64_t value = UINT32_MAX;
  if (whole.size() < 10 && !ParseUint64(whole, value)) return std::nullopt;
  return negative ? -static_cast<double>(value) : static_cast<double>(value);
}

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7, the only form that is still sent).
std::optional<double> ParseHttpDate(std::string_view text, WallTime now) {
  const std::string line(Trim(text.substr(0, 64)));
  std::tm parts{};
  const char* end = strptime(line.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const double at = static_cast<double>(timegm(&parts));
  return at - static_cast<double>(std::chrono::duration_cast<seconds>(now.time_since_epoch()).count());
}

// The value of parameter `name` in `"api";r=0;t=55`; several policies are separated by commas.
std::optional<double> Parameter(std::string_view item, std::string_view name) {
  for (const std::string_view part : Split(item, ';')) {
    const std::string_view pair = Trim(part);
    if (pair.size() > name.size() && pair.substr(0, name.size()) == name && pair[name.size()] == '=') {
      return ParseSeconds(pair.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

milliseconds RateLimitReset(std::string_view value) {
  milliseconds wait{0};
  for (const std::string_view item : Split(value, ',')) {
    const auto remaining = Parameter(item, "r");
    const auto reset = Parameter(item, "t");
    if (remaining && *remaining <= 0 && reset) wait = std::max(wait, Clamped(*reset));
  }
  return wait;
}

milliseconds RetryAfterHeader(std::string_view value, WallTime now) {
  if (const auto wait = ParseSeconds(value)) return Clamped(*wait);
  if (const auto wait = ParseHttpDate(value, now)) return Clamped(*wait);
  return milliseconds(0);
}

// True for ` ; rel="next"` and its spellings among the parameters behind a link's target.
bool SaysNext(std::string_view parameters) {
  for (const std::string_view part : Split(parameters, ';')) {
    const std::string pair = ToLower(Trim(part));
    if (pair == "rel=\"next\"" || pair == "rel=next") return true;
  }
  return false;
}

}  // namespace

bool HttpHeaders::AddLine(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  Add(line.substr(0, colon), line.substr(colon + 1));
  return true;
}

void HttpHeaders::Add(std::string_view name, std::string_view value) {
  auto [entry, fresh] = values_.try_emplace(ToLower(Trim(name)), Trim(value));
  if (!fresh) entry->second.append(", ").append(Trim(value));
}

const std::string& HttpHeaders::Get(std::string_view lower_case_name) const {
  static const std::string none;
  const auto found = values_.find(lower_case_name);
  return found == values_.end() ? none : found->second;
}

std::optional<int> ParseStatusLine(std::string_view line) {
  if (line.substr(0, 5) != "HTTP/") return std::nullopt;
  const size_t space = line.find(' ');
  uint64_t status = 0;
  if (space == std::string_view::npos || !ParseUint64(line.substr(space + 1, 3), status)) return std::nullopt;
  if (status < 100 || status > 999) return std::nullopt;
  return static_cast<int>(status);
}

std::optional<ContentRange> ParseContentRange(std::string_view value) {
  value = Trim(value);
  if (ToLower(value.substr(0, 6)) != "bytes ") return std::nullopt;
  value = Trim(value.substr(6));
  const size_t dash = value.find('-');
  const size_t slash = value.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return std::nullopt;
  ContentRange range;
  uint64_t last = 0;
  if (!ParseUint64(value.substr(0, dash), range.begin)) return std::nullopt;
  if (!ParseUint64(value.substr(dash + 1, slash - dash - 1), last)) return std::nullopt;
  if (last < range.begin || last == UINT64_MAX) return std::nullopt;
  range.end = last + 1;
  const std::string_view total = value.substr(slash + 1);
  if (total == "*") return range;
  uint64_t size = 0;
  if (!ParseUint64(total, size) || size < range.end) return std::nullopt;
  range.total = size;
  return range;
}

std::string ParseLinkNext(std::string_view value) {
  while (true) {
    const size_t open = value.find('<');
    if (open == std::string_view::npos) return "";
    const size_t close = value.find('>', open);
    if (close == std::string_view::npos) return "";
    const std::string_view target = value.substr(open + 1, close - open - 1);
    value = value.substr(close + 1);
    const size_t next_link = value.find('<');
    std::string_view parameters = value.substr(0, next_link);
    while (!parameters.empty() && (parameters.back() == ' ' || parameters.back() == ',')) parameters.remove_suffix(1);
    if (SaysNext(parameters)) return std::string(Trim(target));
  }
}

std::string NormalizedEtag(std::string_view value) {
  value = Trim(value);
  if (value.substr(0, 2) == "W/") value.remove_prefix(2);
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  return std::string(value);
}

milliseconds RetryAfter(const HttpHeaders& headers, WallTime now) {
  return std::max(RetryAfterHeader(headers.Get("retry-after"), now), RateLimitReset(headers.Get("ratelimit")));
}

}  // namespace ballast
