#include "api/object_meta.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxNameBytes = 253;

bool IsDnsLabel(std::string_view label) {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

Status CheckObjectName(std::string_view name) {
  const std::vector<std::string_view> labels = Split(name, '.');
  if (name.size() <= kMaxNameBytes && std::all_of(labels.begin(), labels.end(), IsDnsLabel)) return OkStatus();
  return InvalidArgument(
      StrCat(Quoted(name), " is not a name: lower-case letters, digits, '-' and '.', at most ", kMaxNameBytes));
}

}  // namespace ballast
