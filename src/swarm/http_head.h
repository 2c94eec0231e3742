// The head of an HTTP/1.1 message, as strictly as two programs of our own need it. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace ballast {

inline constexpr size_t kMaxHeadBytes = 4096;

// Views into the bytes that it was read from.
struct HttpHead {
  std::string_view start_line;
  std::vector<std::pair<std::string_view, std::string_view>> fields;  // name, value without blanks around it
  size_t bytes = 0;                                                   // with the empty line at its end

  // The value of the only field of that name (lower case; case does not count in the head). nullopt: none.
  // InvalidArgument: more than one.
  Result<std::optional<std::string_view>> Only(std::string_view name) const;
};

// What `bytes` begins with; nullopt: it is right so far, but more is needed. InvalidArgument: no such head will come of
// it (as soon as that is seen: TLS is known by its first bytes); ResourceExhausted: longer than kMaxHeadBytes.
// Lines end in CR LF; no folded lines, no control characters but tabs, no blank before a colon.
Result<std::optional<HttpHead>> ReadHttpHead(std::string_view bytes);

// True where `value`, a list with commas, has `token` (lower case).
bool HasToken(std::string_view value, std::string_view token);

}  // namespace ballast
