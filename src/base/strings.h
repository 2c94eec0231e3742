// Text for people and for errors: concatenation, quoting of foreign bytes, human units, nearest name.
#pragma once

#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

// Foreign bytes made safe for a log, a terminal or an event: in double quotes, control and non-ASCII bytes, quotes and
// backslashes as \n, \t, \", \\ or \xNN; cut after `limit` bytes of input with "..." behind the quote.
std::string Quoted(std::string_view foreign, size_t limit = 200);

// "0 B", "999 B", "12.3 GiB", "1.1 MiB": one decimal below 100 of a binary unit, none above.
std::string FormatBytes(uint64_t bytes);
// "1.1 GiB/s"
std::string FormatRate(uint64_t bytes_per_second);
// "15 s", "2 min 5 s", "3 h 20 min"; below 10 s with one decimal: "1.4 s"
std::string FormatDuration(std::chrono::milliseconds duration);

std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string ToLower(std::string_view ascii);
std::string_view Trim(std::string_view text);

// Lower-case hex of `bytes`.
std::string HexEncode(std::string_view bytes);
// Whole-string unsigned decimal without sign or space; false on anything else, overflow included.
bool ParseUint64(std::string_view text, uint64_t& value);

// The candidate with the least edit distance to `name`, if that is at most a third of its length plus one; else "".
std::string_view Nearest(std::string_view name, const std::vector<std::string_view>& candidates);
// "; did you mean \"layout\"?" with the nearest candidate, or "; valid: a, b, c" where none is near.
std::string DidYouMean(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace ballast
