#include <cstddef>
#include <cstdint>
#include <string_view>

#include "origin/http_headers.h"
#include "origin/url.h"

// What is accepted keeps the rules that its readers rely on.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ballast::HttpHeaders;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto range = ballast::ParseContentRange(text)) {
    if (range->begin >= range->end || (range->total && *range->total < range->end)) __builtin_trap();
  }
  const std::string next = ballast::ParseLinkNext(text);
  if (next.size() > text.size()) __builtin_trap();
  if (const auto status = ballast::ParseStatusLine(text); status && (*status < 100 || *status > 999)) __builtin_trap();
  if (ballast::NormalizedEtag(text).size() > text.size()) __builtin_trap();

  for (const char* name : {"Retry-After", "RateLimit"}) {
    HttpHeaders headers;
    headers.Add(name, text);
    const auto wait = ballast::RetryAfter(headers, ballast::WallTime(std::chrono::seconds(1'700'000'000)));
    if (wait.count() < 0 || wait > ballast::kMaxRetryAfter) __builtin_trap();
  }
  HttpHeaders lines;
  lines.AddLine(text);

  if (const auto url = ballast::Url::Parse(text); url.ok()) {
    const auto again = ballast::Url::Parse(url->ToString());
    if (!again.ok() || *again != *url) __builtin_trap();
  }
  return 0;
}
