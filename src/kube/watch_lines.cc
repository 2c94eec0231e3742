#include "kube/watch_lines.h"

#include <array>
#include <utility>

#include "base/strings.h"
#include "kube/kube_status.h"

namespace ballast {
namespace {

constexpr std::array kKinds = {WatchEvent::Kind::kAdded, WatchEvent::Kind::kModified, WatchEvent::Kind::kDeleted,
                               WatchEvent::Kind::kBookmark};

Status NoEvent(std::string_view line, std::string_view what) {
  const Status bare = Unavailable(StrCat("no event of a watch: ", Quoted(line, 100)));
  return what.empty() ? bare : bare.WithContext(what);
}

bool IsComplete(const WatchEvent& event) {
  if (ResourceVersionOf(event.object).empty()) return false;
  return event.kind == WatchEvent::Kind::kBookmark || !NameOf(event.object).name.empty();
}

}  // namespace

Status LineCutter::Add(std::string_view bytes) {
  pending_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  pending_ += bytes;
  if (pending_.size() > max_line_ && pending_.find('\n') > max_line_) {
    return DataLoss(StrCat("a line of more than ", FormatBytes(max_line_)));
  }
  return OkStatus();
}

std::optional<std::string> LineCutter::Next() {
  for (;;) {
    const size_t end = pending_.find('\n', scanned_);
    if (end == std::string::npos) {
      scanned_ = pending_.size();
      return std::nullopt;
    }
    std::string line(Trim(std::string_view(pending_).substr(begin_, end - begin_)));
    begin_ = scanned_ = end + 1;
    if (!line.empty()) return line;
  }
}

Result<WatchEvent> ParseWatchLine(std::string_view line, std::string_view what) {
  auto parsed = ParseJson(line);
  if (!parsed.ok()) return NoEvent(line, what);
  const std::string type = StringAt(*parsed, "/type");
  if (type == "ERROR") return StatusOfKubeError(ChildAt(*parsed, "/object"), what);
  for (const WatchEvent::Kind kind : kKinds) {
    if (type != WatchEventName(kind)) continue;
    WatchEvent event{.kind = kind, .object = ChildAt(*parsed, "/object")};
    if (IsComplete(event)) return event;
  }
  return NoEvent(line, what);
}

}  // namespace ballast
