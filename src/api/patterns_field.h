// Patterns of a repository's files, as several objects have them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/glob.h"

namespace ballast {

template <typename Io>
void PatternsField(Io& io, std::string_view key, std::vector<std::string>& patterns) {
  io.Field(key, patterns);
  if constexpr (Io::kReads) io.Check(key, CheckPatterns(patterns));
}

}  // namespace ballast
