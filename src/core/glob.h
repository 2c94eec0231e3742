// include/exclude patterns over repository paths, with the meaning the hub's own client gives them (Python's fnmatch).
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ballast {

// '*' matches any run of characters, '/' included (so "**" is the same); '?' one character; "[abc]", "[!abc]", "[a-z]"
// one of a set; a '[' that nothing closes is itself. Characters are UTF-8's. A pattern that ends in '/' stands for
// everything below it. Takes at most length(pattern) x length(path) steps, no exponential backtracking.
bool GlobMatch(std::string_view pattern, std::string_view path);

// InvalidArgument for an empty, absolute or over-long (> 1,024 bytes) pattern, or more than 256 of them.
Status CheckPatterns(const std::vector<std::string>& patterns);

struct PathFilter {
  std::vector<std::string> include;  // empty: everything
  std::vector<std::string> exclude;  // wins over include

  bool Admits(std::string_view path) const;
  // True where a pattern excludes whatever lies below `directory`, so that nobody needs to look.
  bool ExcludesAllBelow(std::string_view directory) const;
  // CheckPatterns of both lists.
  Status Validate() const;

  friend bool operator==(const PathFilter&, const PathFilter&) = default;
  friend auto operator<=>(const PathFilter&, const PathFilter&) = default;
};

}  // namespace ballast
