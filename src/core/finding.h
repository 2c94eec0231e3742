// What a check of a node's cache found broken.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace ballast {

struct Finding {
  std::string invariant;  // "blob", "view", "lease", "mount", "usage" or "leftover"
  std::string path;       // of the file, directory or mount
  std::string problem;
  std::string remedy;
  int64_t modified_ns = 0;  // of a leftover: one that came later under its name is another; not shown

  friend auto operator<=>(const Finding&, const Finding&) = default;
};

}  // namespace ballast
