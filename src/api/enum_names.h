// The words that stand for the values of an enum in YAML and JSON.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace ballast {

template <typename E>
struct EnumName {
  E value;
  std::string_view name;
};

template <typename E, size_t N>
using EnumNames = std::array<EnumName<E>, N>;

// "" for a value without a name.
template <typename E, size_t N>
constexpr std::string_view NameOf(const EnumNames<E, N>& names, E value) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const auto& name) { return name.value == value; });
  return found == names.end() ? std::string_view() : found->name;
}

template <typename E, size_t N>
constexpr std::optional<E> ValueOf(const EnumNames<E, N>& names, std::string_view text) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const auto& name) { return name.name == text; });
  return found == names.end() ? std::nullopt : std::optional(found->value);
}

template <typename E, size_t N>
std::vector<std::string_view> WordsOf(const EnumNames<E, N>& names) {
  std::vector<std::string_view> words;
  words.reserve(N);
  for (const EnumName<E>& name : names) words.push_back(name.name);
  return words;
}

}  // namespace ballast
