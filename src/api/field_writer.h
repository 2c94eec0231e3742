// The Io of field_reader.h that writes a JSON object. Left out, unless required, are empty texts, lists and maps, what
// has no value, and an object that is as it would be by default: reading gives the same struct.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/enum_names.h"
#include "api/field_reader.h"
#include "api/quantity.h"
#include "base/shared_list.h"

namespace ballast {

// Not thread-safe. Refers to `json`.
class FieldWriter {
 public:
  static constexpr bool kReads = false;

  explicit FieldWriter(nlohmann::json& json) : json_(json) { json_ = nlohmann::json::object(); }

  void Require(std::string_view key) { required_.emplace(key); }
  void Ignore(std::string_view) {}

  void Field(std::string_view key, const std::string& value) {
    if (!value.empty() || IsRequired(key)) Put(key, value);
  }
  void Field(std::string_view key, bool value) { Put(key, value); }
  void Field(std::string_view key, const std::vector<std::string>& value) {
    if (!value.empty() || IsRequired(key)) Put(key, value);
  }
  void Field(std::string_view key, const Labels& value) {
    if (!value.empty() || IsRequired(key)) Put(key, value);
  }
  void Field(std::string_view key, const std::optional<IntOrPercent>& value) {
    if (!value.has_value()) return;
    value->percent ? Put(key, std::to_string(value->number) + "%") : Put(key, value->number);
  }
  void Field(std::string_view key, const std::optional<Timestamp>& value) {
    if (value.has_value()) Put(key, FormatTimestamp(*value));
  }
  void Field(std::string_view key, const std::optional<std::chrono::milliseconds>& value) {
    if (value.has_value()) Put(key, DurationText(*value));
  }
  void Field(std::string_view key, const std::optional<bool>& value) {
    if (value.has_value()) Put(key, *value);
  }

  template <typename T>
  void Number(std::string_view key, const T& value, int64_t, int64_t) {
    Put(key, value);
  }
  template <typename T>
  void Number(std::string_view key, const std::optional<T>& value, int64_t, int64_t) {
    if (value.has_value()) Put(key, *value);
  }
  void Quantity(std::string_view key, const std::optional<uint64_t>& value) {
    if (value.has_value()) Put(key, *value);
  }

  template <typename E, size_t N>
  void Choice(std::string_view key, const EnumNames<E, N>& names, E value) {
    Put(key, std::string(NameOf(names, value)));
  }

  template <typename T, typename F>
  void Object(std::string_view key, T& value, const F& fields) {
    if (!(value == T()) || IsRequired(key)) Inner(key, value, fields);
  }
  template <typename T, typename F>
  void Object(std::string_view key, std::optional<T>& value, const F& fields) {
    if (value.has_value()) Inner(key, *value, fields);
  }
  template <typename T>
  void Object(std::string_view key, T& value) {
    Object(key, value, [](auto& io, auto& inner) { Fields(io, inner); });
  }
  template <typename T>
  void Objects(std::string_view key, std::vector<T>& values) {
    for (T& value : values) Append(key, value);
  }
  template <typename T>
  void Objects(std::string_view key, SharedList<T>& values) {
    for (T value : values) Append(key, value);
  }

 private:
  bool IsRequired(std::string_view key) const { return required_.contains(key); }
  template <typename T>
  void Put(std::string_view key, const T& value) {
    json_[std::string(key)] = value;
  }
  template <typename T>
  void Append(std::string_view key, T& value) {
    FieldWriter io(json_[std::string(key)].emplace_back());
    Fields(io, value);
  }
  template <typename T, typename F>
  void Inner(std::string_view key, T& value, const F& fields) {
    FieldWriter io(json_[std::string(key)]);
    fields(io, value);
  }

  nlohmann::json& json_;
  std::set<std::string, std::less<>> required_;
};

}  // namespace ballast
