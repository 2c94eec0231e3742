// Any bytes as a watch's body and as an error answer. Rules: no crash; lines do not depend on how the bytes arrive; an
// event has what an informer needs; what is refused is refused by one printable line.
#include <algorithm>
#include <vector>

#include "base/check.h"
#include "core/testing/splice.h"
#include "kube/kube_status.h"
#include "kube/watch_lines.h"

constexpr std::string_view kExample =
    R"({"type":"ADDED","object":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"7"}}}
{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8","annotations":{}}}}
{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old","details":{"retryAfterSeconds":1,"causes":[{"reason":"x"}]}}}
)";

namespace {

std::vector<std::string> Lines(std::string_view body, size_t step) {
  ballast::LineCutter cutter(1000);
  std::vector<std::string> lines;
  for (size_t at = 0; at < body.size(); at += step) {
    if (!cutter.Add(body.substr(at, step)).ok()) return {"refused"};
    while (auto line = cutter.Next()) lines.push_back(*line);
  }
  return lines;
}

void CheckPrintable(const ballast::Status& status) {
  const std::string& text = status.message();
  BALLAST_CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; })) << text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string body = ballast::FuzzInput(data, size, kExample);
  const auto lines = Lines(body, 7);
  BALLAST_CHECK(lines == Lines(body, 1));
  for (const std::string& line : lines) {
    const auto event = ballast::ParseWatchLine(line, "watch");
    CheckPrintable(event.status());
    if (event.ok()) BALLAST_CHECK(!ballast::ResourceVersionOf(event->object).empty());
  }
  const int code = 300 + static_cast<int>(size % 300);
  const ballast::Status status = ballast::StatusOfKubeAnswer({.code = code, .retry_after = body, .body = body}, "get");
  BALLAST_CHECK(!status.ok() && status.retry_after() <= ballast::kMaxKubeRetryAfter);
  CheckPrintable(status);
  return 0;
}
