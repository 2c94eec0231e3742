#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/testing/splice.h"
#include "origin/http_headers.h"
#include "origin/url.h"

namespace {

// What is accepted keeps the rules that its readers rely on.
void Check(std::string_view text) {
  using ballast::HttpHeaders;
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
}

constexpr std::string_view kExamples[] = {
    "HTTP/1.1 206 Partial Content",
    "bytes 1000-289999/300000",
    "<https://hub.example/api/models/org/name/tree/main?cursor=a%3D&limit=1000>; rel=\"next\", <b>; rel=prev",
    "W/\"0e9e39f249a16976918f6564b8830bc894c89659\"",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "\"api\";r=0;t=55, \"resolvers\";r=2;t=100",
    "Link: <a>; rel=\"next\"",
    "https://cdn.example:8443/repos/%20x/../y?Expires=1700000000&Signature=a-b_c~&Key-Pair-Id=K#there"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {  // NOLINT(readability-identifier-naming)
  for (const std::string_view example : kExamples) Check(ballast::FuzzInput(data, size, example));
  return 0;
}
