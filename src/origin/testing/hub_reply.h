// An answer before it is put on the wire, and the range of it that was asked for.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "origin/testing/hub_content.h"
#include "origin/testing/hub_request.h"

namespace ballast::hub {

struct Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // all but the framing ones
  Content body;
  uint64_t first = 0;  // the part of `body` that is sent
  uint64_t length = 0;
  bool ranged = false;  // may be asked for in ranges
  std::string file;     // "org/name/path", if the body is a file's content

  Reply& Set(std::string_view name, std::string_view value);  // adds, or replaces ignoring case
  std::string Get(std::string_view name) const;
  void Drop(std::string_view name);
  void SetBody(std::string bytes);
};

std::string_view StatusText(int status);

Reply TextReply(int status, std::string_view content_type, std::string body);
// The hub's form of an error: X-Error-Code (if not ""), X-Error-Message, and {"error": message}.
Reply ErrorReply(int status, std::string_view code, std::string_view message);
// A whole file; `etag` without quotes.
Reply FileReply(const Content& content, std::string_view etag, std::string_view file);

// Narrows a 200 that may be ranged to what Range asks for (one range; several: the whole), honouring If-Range and
// If-Match: 206, 416, 412.
Reply ApplyRange(Reply reply, const Request& request);

}  // namespace ballast::hub
