// A fault: which requests it hits, and what it does to their answers. Several may hit one request and add up.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ballast::hub {

// Which of the stand-in's two ports: the hub, or the CDN that LFS files are redirected to.
enum class Port : uint8_t { kHub, kCdn };
std::string_view PortName(Port port);  // "hub", "cdn"

// Offsets are in the file (or body, where the answer is no file), whatever the range asked for; a fault with an offset
// hits only answers that hold this offset. With `from_answer` they count from the first byte of the answer's body.
enum class FaultKind : uint8_t {
  kShort,              // the headers promise all, the body ends before byte `offset`, then FIN
  kLong,               // `bytes` more than asked for; Content-Length agrees
  kTrailing,           // `text` behind a complete body
  kIgnoreRange,        // 200 with the whole file instead of 206
  kWrongContentRange,  // Content-Range begins `bytes` (default 1) later than the body does
  kWrongTotal,         // Content-Range's total (or a 200's Content-Length) is `bytes` (default 1) too large
  kEtag,               // ETag and X-Linked-Etag are `text`
  kCorrupt,            // byte `offset` has its lowest bit flipped
  kSlow,               // `bytes` per second
  kStall,              // nothing more from `offset` on until Release() or Stop()
  kReset,              // RST before byte `offset`
  kStatus,             // `status` with `headers` and body `text`, instead of the answer
  kRedirect,           // 302 to `text`; "" is the same URL again (a loop when hit each time)
  kDropHeaders,        // the names in `headers` are missing
  kSetHeaders,         // `headers` are added or replaced
  kBadChunk,           // Transfer-Encoding: chunked whose second chunk size is "zz"
  kGzip,               // Content-Encoding: gzip, whatever was accepted (body up to 64 MiB, in memory)
  kHugeHeader,         // a header of `bytes` (default 1 MiB)
  kSlowHeaders,        // the headers at `bytes` (default 1) per second
  kInterim,            // `text` before the status line (default: three 100 Continue)
  kBody,               // the body is `text`
  kRaw,                // `text` instead of the whole answer, then FIN
};

struct Fault {
  FaultKind kind = FaultKind::kStatus;

  // Which requests.
  std::string method;        // "" any
  std::optional<Port> port;  // unset: both
  std::string path = "*";    // glob over the decoded path without query; * also matches '/'
  int skip = 0;              // this many matching requests are spared first
  int times = 1;             // then this many are hit; -1: all

  // What happens.
  uint64_t offset = 0;
  bool from_answer = false;
  uint64_t bytes = 0;
  int status = 500;
  std::string text;
  std::map<std::string, std::string> headers;
};

// {"kind": "corrupt", "port": "cdn", "path": "*model*", "offset": 12, "times": -1}: keys and values as above, kinds in
// snake case without the k ("wrong_content_range"). Unknown keys and kinds are errors that name the nearest valid one.
Result<Fault> ParseFault(std::string_view json);

}  // namespace ballast::hub
