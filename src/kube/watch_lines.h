// A watch's body: one JSON document per line (Kubernetes' "application/json;stream=watch").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "kube/kube_client.h"

namespace ballast {

// An object has at most 1.5 MiB in etcd; in JSON it can be a few times as large.
inline constexpr size_t kMaxWatchLine = 16 << 20;

// Cuts bytes that come in any portions into lines. Not thread-safe.
class LineCutter {
 public:
  explicit LineCutter(size_t max_line = kMaxWatchLine) : max_line_(max_line) {}

  // OutOfRange would mean "list again": a line over the limit is DataLoss, and nothing can be read after it.
  Status Add(std::string_view bytes);
  // The next whole line without its end; empty lines are passed over.
  std::optional<std::string> Next();

 private:
  const size_t max_line_;
  std::string pending_;
  size_t begin_ = 0;    // of the next line
  size_t scanned_ = 0;  // no line end before
};

// ERROR events become their Status, as of `what` ("watch configmaps"); Unavailable: no event of a watch.
Result<WatchEvent> ParseWatchLine(std::string_view line, std::string_view what);

}  // namespace ballast
