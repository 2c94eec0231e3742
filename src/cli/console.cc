#include "cli/console.h"

#include <algorithm>

#include "base/strings.h"
#include "cli/render.h"

namespace ballast::cli {
namespace {

constexpr std::chrono::seconds kLineInterval{5};
constexpr std::chrono::milliseconds kBarInterval{100};

}  // namespace

void Console::Result(const std::string& text) {
  ClearBar();
  out_ << text << std::flush;
}

void Console::Progress(const TransferProgress& progress) {
  if (options_.json) return;
  const SteadyTime now = clock_.Steady();
  const Duration interval = options_.terminal ? Duration(kBarInterval) : Duration(kLineInterval);
  if (last_at_ && now - *last_at_ < interval) return;
  const std::string line = options_.terminal
                               ? ProgressBar(progress, options_.width - 1)
                               : StrCat(progress.model, progress.model.empty() ? "" : ": ", ProgressText(progress));
  if (line == last_line_) return;
  last_at_ = now;
  last_line_ = line;
  if (options_.terminal) {
    err_ << "\r\033[K" << line << std::flush;
    bar_ = true;
  } else {
    err_ << line << "\n" << std::flush;
  }
}

void Console::Message(const std::string& text) {
  if (options_.json) return;
  ClearBar();
  err_ << text << "\n" << std::flush;
}

void Console::Error(const Status& status, std::string_view remedy) {
  ClearBar();
  if (options_.json) out_ << Json(status) << std::flush;
  err_ << "error: " << status.message() << "\n";
  if (!remedy.empty()) err_ << "  " << remedy << "\n";
  err_ << std::flush;
}

void Console::ClearBar() {
  if (bar_) err_ << "\r\033[K" << std::flush;
  bar_ = false;
}

}  // namespace ballast::cli
