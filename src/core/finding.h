// What a check of a node's cache found broken.
#pragma once

#include <compare>
#include <string>

namespace ballast {

struct Finding {
  std::string invariant;  // "blob", "view", "lease", "mount", "usage" or "leftover"
  std::string path;       // of the file, directory or mount
  std::string problem;
  std::string remedy;

  friend auto operator<=>(const Finding&, const Finding&) = default;
};

}  // namespace ballast
