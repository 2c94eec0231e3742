#include "core/node_name.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast {
namespace {

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsLabel(std::string_view label) {
  return !label.empty() && IsLowerAlnum(label.front()) && IsLowerAlnum(label.back()) &&
         std::all_of(label.begin(), label.end(), [](char c) { return IsLowerAlnum(c) || c == '-'; });
}

}  // namespace

Status CheckNodeName(std::string_view name) {
  constexpr size_t kMaxBytes = 253;
  const auto labels = Split(name, '.');
  if (name.size() <= kMaxBytes && std::all_of(labels.begin(), labels.end(), IsLabel)) return OkStatus();
  return InvalidArgument(StrCat(
      Quoted(name, kMaxBytes), " is not a node name: lower-case letters, digits, '-' and '.' ",
      "are allowed, each part between dots begins and ends with a letter or digit, ", kMaxBytes, " bytes at most"));
}

}  // namespace ballast
