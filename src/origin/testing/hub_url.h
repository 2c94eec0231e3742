// Percent-encoding and queries, as far as a hub needs them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::hub {

std::string PercentDecode(std::string_view text);
// Keeps letters, digits, -_.~ and the characters in `keep`.
std::string PercentEncode(std::string_view text, std::string_view keep = "");

// "a=1&b=x%20y&a=2" -> {"a": ["1", "2"], "b": ["x y"]}; '+' is a space.
std::multimap<std::string, std::string> ParseQuery(std::string_view query);

// Decoded segments of a raw path: "/a%2Fb/c" -> {"a/b", "c"}.
std::vector<std::string> Segments(std::string_view raw_path);

}  // namespace ballast::hub
