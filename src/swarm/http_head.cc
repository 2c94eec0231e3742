#include "swarm/http_head.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";

bool IsTokenByte(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

bool IsTextByte(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }

// Text, and CR LF pairs; the last byte may be a CR whose LF has not come yet.
bool IsHeadText(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] == '\n')) {
      ++i;
    } else if (!IsTextByte(text[i])) {
      return false;
    }
  }
  return true;
}

Result<std::pair<std::string_view, std::string_view>> ReadField(std::string_view line) {
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() || !std::all_of(name.begin(), name.end(), IsTokenByte))
    return InvalidArgument(StrCat("the line ", Quoted(line, 60), " is no header field"));
  std::string_view value = line.substr(colon + 1);
  const size_t begin = value.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::pair{name, std::string_view()};
  value = value.substr(begin, value.find_last_not_of(" \t") - begin + 1);
  return std::pair{name, value};
}

Result<HttpHead> ReadLines(std::string_view text) {
  HttpHead head;
  head.bytes = text.size();
  text.remove_suffix(2);  // every line still has its own end
  head.start_line = text.substr(0, text.find("\r\n"));
  text.remove_prefix(head.start_line.size() + 2);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find("\r\n"));
    ASSIGN_OR_RETURN(const auto field, ReadField(line));
    head.fields.push_back(field);
    text.remove_prefix(line.size() + 2);
  }
  return head;
}

}  // namespace

Result<std::optional<std::string_view>> HttpHead::Only(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const auto& [field, value] : fields) {
    if (ToLower(field) != name) continue;
    if (found) return InvalidArgument(StrCat("more than one ", name, " field"));
    found = value;
  }
  return found;
}

Result<std::optional<HttpHead>> ReadHttpHead(std::string_view bytes) {
  const size_t end = bytes.substr(0, kMaxHeadBytes).find(kEnd);
  const std::string_view text = bytes.substr(0, end == std::string_view::npos ? kMaxHeadBytes : end + kEnd.size());
  if (!IsHeadText(text)) return InvalidArgument("this is no HTTP/1.1");
  if (end != std::string_view::npos) {
    ASSIGN_OR_RETURN(HttpHead head, ReadLines(text));
    return std::optional(std::move(head));
  }
  if (bytes.size() >= kMaxHeadBytes) return ResourceExhausted(StrCat("a head of more than ", kMaxHeadBytes, " bytes"));
  return std::optional<HttpHead>();
}

bool HasToken(std::string_view value, std::string_view token) {
  for (const std::string_view part : Split(value, ',')) {
    if (ToLower(Trim(part)) == token) return true;
  }
  return false;
}

}  // namespace ballast
