// What the header lines of an HTTP answer mean. Pure functions over foreign bytes: they accept or refuse, never throw.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace ballast {

// Names in lower case. A header that comes twice has its values joined by ", " (RFC 9110 5.3).
class HttpHeaders {
 public:
  // One line, with or without its line end. False: not "name: value".
  bool AddLine(std::string_view line);
  void Add(std::string_view name, std::string_view value);
  void Clear() { values_.clear(); }
  // "" where there is none.
  const std::string& Get(std::string_view lower_case_name) const;
  bool Has(std::string_view lower_case_name) const { return values_.find(lower_case_name) != values_.end(); }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// "HTTP/1.1 206 Partial Content" -> 206; nothing for what is no status line.
std::optional<int> ParseStatusLine(std::string_view line);

// "bytes 0-499/1234", "bytes 0-499/*".
struct ContentRange {
  uint64_t begin = 0;
  uint64_t end = 0;               // exclusive
  std::optional<uint64_t> total;  // "*": not known
  friend bool operator==(const ContentRange&, const ContentRange&) = default;
};
std::optional<ContentRange> ParseContentRange(std::string_view value);

// The target of rel="next" in a Link header, as written (RFC 8288); "" where there is none.
std::string ParseLinkNext(std::string_view value);

// An entity tag without W/ and quotes, as the hub's client compares them (file_download.py).
std::string NormalizedEtag(std::string_view value);

// How long the answer asks us to wait: the longer of `Retry-After` (seconds or an HTTP date) and, with nothing left
// (r=0), `ratelimit: "api";r=0;t=55` (huggingface_hub utils/_http.py). Between zero and kMaxRetryAfter, whatever it
// says.
inline constexpr std::chrono::minutes kMaxRetryAfter{5};
std::chrono::milliseconds RetryAfter(const HttpHeaders& headers, WallTime now);

}  // namespace ballast
