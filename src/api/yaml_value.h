// A YAML document as a plain tree that remembers its lines. yaml-cpp stays behind this file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ballast {

struct YamlEntry;

struct YamlValue {
  enum class Kind { kNull, kScalar, kList, kMapping };

  Kind kind = Kind::kNull;
  int line = 1;                    // of the file, from 1
  std::string text;                // kScalar
  bool quoted = false;             // kScalar: it was in quotes, so "1.0" is no number and "true" no boolean
  std::vector<YamlValue> items;    // kList
  std::vector<YamlEntry> entries;  // kMapping: in the file's order, no key twice
};

struct YamlEntry {
  std::string key;
  int line = 1;
  YamlValue value;
};

inline constexpr size_t kMaxYamlBytes = 1 << 20;

// Every document of `text`, empty ones left out. InvalidArgument "FILE:LINE: why": more than kMaxYamlBytes, not UTF-8,
// not YAML, a key that occurs twice or is no scalar, a tag, or more than 100,000 values once aliases are written out.
// Documents nest at most 64 deep.
Result<std::vector<YamlValue>> ParseYaml(std::string_view text, const std::string& file);

}  // namespace ballast
