// The Io of field_reader.h that says which fields a struct has, as an OpenAPI schema with what a codec knows of it:
// types, items, required, enum, ranges narrower than the integer's own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/field_reader.h"

namespace ballast {

class FieldLister {
 public:
  static constexpr bool kReads = false;

  explicit FieldLister(nlohmann::json& schema) : schema_(schema) { schema_ = {{"type", "object"}}; }

  void Require(std::string_view key) {
    nlohmann::json& required = schema_["required"];
    if (std::find(required.begin(), required.end(), key) == required.end()) required.push_back(key);
  }
  void Ignore(std::string_view) {}

  void Field(std::string_view key, const std::string&) { Put(key, "string"); }
  void Field(std::string_view key, bool) { Put(key, "boolean"); }
  void Field(std::string_view key, const std::optional<bool>&) { Put(key, "boolean"); }
  void Field(std::string_view key, const Labels&) { Put(key, "object")["additionalProperties"] = {{"type", "string"}}; }
  void Field(std::string_view key, const std::vector<std::string>&) {
    Put(key, "array")["items"] = {{"type", "string"}};
  }
  void Field(std::string_view key, const std::optional<IntOrPercent>&) { Put(key, "int-or-string"); }
  void Field(std::string_view key, const std::optional<Timestamp>&) { Put(key, "string")["format"] = "date-time"; }
  void Field(std::string_view key, const std::optional<std::chrono::milliseconds>&) { Put(key, "string"); }
  void Quantity(std::string_view key, const std::optional<uint64_t>&) { Put(key, "int-or-string"); }

  template <typename T>
  void Number(std::string_view key, const T&, int64_t least, int64_t most) {
    nlohmann::json& number = Put(key, "integer");
    if (least > INT32_MIN) number["minimum"] = least;
    if (most < INT32_MAX) number["maximum"] = most;
  }

  template <typename E, size_t N>
  void Choice(std::string_view key, const EnumNames<E, N>& names, E) {
    Put(key, "string")["enum"] = WordsOf(names);
  }

  template <typename T, typename F>
  void Object(std::string_view key, T& value, const F& fields) {
    FieldLister io(Put(key, "object"));
    fields(io, value);
  }
  template <typename T, typename F>
  void Object(std::string_view key, std::optional<T>&, const F& fields) {
    T value;
    Object(key, value, fields);
  }
  template <typename T>
  void Object(std::string_view key, std::optional<T>&) {
    T value;
    Object(key, value);
  }
  template <typename T>
  void Object(std::string_view key, T& value) {
    Object(key, value, [](auto& io, auto& inner) { Fields(io, inner); });
  }
  template <typename List>
  void Objects(std::string_view key, List&) {
    typename List::value_type item;
    FieldLister io(Put(key, "array")["items"]);
    Fields(io, item);
  }

 private:
  nlohmann::json& Put(std::string_view key, std::string_view type) {
    nlohmann::json& property = schema_["properties"][std::string(key)];
    property = {{"type", type}};
    return property;
  }

  nlohmann::json& schema_;
};

}  // namespace ballast
