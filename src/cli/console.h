// Where a command's words go: results to `out`, progress and errors to `err`. On a terminal progress is a bar that is
// redrawn; elsewhere it is a line every few seconds, when it says something new.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cli/cache_client.h"

namespace ballast::cli {

struct ConsoleOptions {
  bool terminal = false;  // `err` is one
  int width = 80;
  bool json = false;  // results are JSON; no progress
};

// Not thread-safe.
class Console {
 public:
  Console(std::ostream& out, std::ostream& err, ConsoleOptions options, const Clock& clock)
      : out_(out), err_(err), options_(options), clock_(clock) {}
  ~Console() { ClearBar(); }

  bool json() const { return options_.json; }
  void Result(const std::string& text);
  void Progress(const TransferProgress& progress);
  void Message(const std::string& text);
  // "error: ..", and below it what to do where the text itself does not say it.
  void Error(const Status& status, std::string_view remedy = "");

 private:
  void ClearBar();

  std::ostream& out_;
  std::ostream& err_;
  const ConsoleOptions options_;
  const Clock& clock_;
  bool bar_ = false;
  std::string last_line_;
  std::optional<SteadyTime> last_at_;
};

}  // namespace ballast::cli
