#include "core/glob.h"

#include <algorithm>
#include <cstdint>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxPatternBytes = 1024;
constexpr size_t kMaxPatterns = 256;

size_t CharacterBytes(unsigned char lead) {
  if (lead < 0xc0) return 1;  // a stray continuation byte counts as a character
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

// The bytes of the first character of `text` (not empty) as one number, in the order of code points.
uint32_t TakeCharacter(std::string_view& text) {
  const size_t size = std::min(CharacterBytes(static_cast<unsigned char>(text[0])), text.size());
  uint32_t character = 0;
  for (size_t i = 0; i < size; ++i) character = character << 8 | static_cast<unsigned char>(text[i]);
  text.remove_prefix(size);
  return character;
}

// The content of the set that `pattern` begins with ("[!a-z]...": "!a-z"), nothing when it is not closed. A ']' that
// comes first is a member.
std::string_view SetAt(std::string_view pattern) {
  const size_t first = pattern.size() > 1 && pattern[1] == '!' ? 2 : 1;
  const size_t close = pattern.find(']', first + 1);
  return close == std::string_view::npos ? std::string_view() : pattern.substr(1, close - 1);
}

bool SetContains(std::string_view set, uint32_t character) {
  const bool negated = set[0] == '!';
  if (negated) set.remove_prefix(1);
  bool found = false;
  while (!set.empty() && !found) {
    const uint32_t low = TakeCharacter(set);
    uint32_t high = low;
    if (set.size() > 1 && set[0] == '-') {
      set.remove_prefix(1);
      high = TakeCharacter(set);
    }
    found = low <= character && character <= high;
  }
  return found != negated;
}

// Matches one element of `pattern` (not '*') with one character of `path` and takes both; false: neither moved.
bool TakeOne(std::string_view& pattern, std::string_view& path) {
  std::string_view rest = path;
  const uint32_t character = TakeCharacter(rest);
  if (pattern[0] == '?') {
    pattern.remove_prefix(1);
  } else if (const std::string_view set = pattern[0] == '[' ? SetAt(pattern) : ""; !set.empty()) {
    if (!SetContains(set, character)) return false;
    pattern.remove_prefix(set.size() + 2);
  } else {
    std::string_view rest_pattern = pattern;
    if (TakeCharacter(rest_pattern) != character) return false;
    pattern = rest_pattern;
  }
  path = rest;
  return true;
}

// Greedy with one point to go back to: what an earlier '*' could still try, the latest '*' covers too.
bool Match(std::string_view pattern, std::string_view path) {
  std::string_view pattern_after_star;
  std::string_view path_at_star;
  bool star = false;
  while (!path.empty()) {
    if (!pattern.empty() && pattern[0] == '*') {
      pattern.remove_prefix(1);
      star = true;
      pattern_after_star = pattern;
      path_at_star = path;
    } else if (pattern.empty() || !TakeOne(pattern, path)) {
      if (!star) return false;
      TakeCharacter(path_at_star);
      path = path_at_star;
      pattern = pattern_after_star;
    }
  }
  return pattern.find_first_not_of('*') == std::string_view::npos;
}

bool MatchesAny(const std::vector<std::string>& patterns, std::string_view path) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return GlobMatch(pattern, path); });
}

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with('/')) return Match(pattern, path);
  std::string everything_below(pattern);
  everything_below += '*';
  return Match(everything_below, path);
}

Status CheckPatterns(const std::vector<std::string>& patterns) {
  if (patterns.size() > kMaxPatterns) {
    return InvalidArgument(StrCat(patterns.size(), " patterns; at most ", kMaxPatterns, " are allowed"));
  }
  for (const std::string& pattern : patterns) {
    if (pattern.empty()) return InvalidArgument("a pattern is empty; write \"*\" for everything");
    if (pattern.size() > kMaxPatternBytes) {
      return InvalidArgument(StrCat("pattern ", Quoted(pattern, 40), " has ", pattern.size(), " bytes; at most ",
                                    kMaxPatternBytes, " are allowed"));
    }
    if (pattern[0] == '/') {
      return InvalidArgument(StrCat("pattern ", Quoted(pattern), " begins with '/' and would match nothing; patterns ",
                                    "are relative to the repository"));
    }
  }
  return OkStatus();
}

bool PathFilter::Admits(std::string_view path) const {
  return (include.empty() || MatchesAny(include, path)) && !MatchesAny(exclude, path);
}

bool PathFilter::ExcludesAllBelow(std::string_view directory) const {
  const std::string below = StrCat(directory, "/");
  return std::any_of(exclude.begin(), exclude.end(), [&](const std::string& pattern) {
    return (pattern.ends_with('*') || pattern.ends_with('/')) && GlobMatch(pattern, below);
  });
}

Status PathFilter::Validate() const {
  if (Status status = CheckPatterns(include); !status.ok()) return status.WithContext("include");
  return CheckPatterns(exclude).WithContext("exclude");
}

}  // namespace ballast
