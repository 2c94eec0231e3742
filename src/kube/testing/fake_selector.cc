#include "kube/testing/fake_selector.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "base/strings.h"

namespace ballast {
namespace {

using Lookup = std::function<std::optional<std::string>(std::string_view key)>;

bool TermMatches(std::string_view term, const Lookup& lookup) {
  if (term.starts_with('!')) return !lookup(term.substr(1)).has_value();
  const size_t equals = term.find('=');
  if (equals == std::string_view::npos) return lookup(term).has_value();
  const bool negative = equals > 0 && term[equals - 1] == '!';
  const auto value = lookup(term.substr(0, negative ? equals - 1 : equals));
  std::string_view wanted = term.substr(equals + 1);
  if (wanted.starts_with('=')) wanted.remove_prefix(1);
  return negative ? value != wanted : value == wanted;
}

bool AllMatch(const std::string& selector, const Lookup& lookup) {
  if (selector.empty()) return true;
  const auto terms = Split(selector, ',');
  return std::all_of(terms.begin(), terms.end(), [&](std::string_view term) { return TermMatches(term, lookup); });
}

}  // namespace

bool LabelsMatch(const Json& object, const std::string& selector) {
  const Json& labels = ChildAt(object, "/metadata/labels");
  return AllMatch(selector, [&](std::string_view key) -> std::optional<std::string> {
    const auto found = labels.find(std::string(key));
    if (found == labels.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
  });
}

bool FieldsMatch(const Json& object, const std::string& selector) {
  return AllMatch(selector, [&](std::string_view key) -> std::optional<std::string> {
    std::string pointer = StrCat("/", key);
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    return StringAt(object, pointer.c_str());
  });
}

}  // namespace ballast
