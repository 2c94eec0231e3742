// How an object as a whole is read and written: apiVersion, kind, and its fields.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "api/field_reader.h"
#include "api/field_writer.h"
#include "api/json_value.h"
#include "api/yaml_reader.h"

namespace ballast {

inline constexpr std::string_view kApiVersion = "ballast.dev/v1alpha1";

// "ModelCache serving/llama", as far as the object says: for messages. Foreign bytes are quoted.
std::string ObjectLabel(const nlohmann::json& object);

// The object's kind, one of `kinds`; an error is kept in `yaml`.
std::string ReadKind(YamlReader& yaml, const std::vector<std::string_view>& kinds);

// An object of one kind from JSON.
template <typename T>
Result<T> ObjectFromJson(const nlohmann::json& json, std::string_view kind,
                         YamlReader::Keys keys = YamlReader::Keys::kLenient) {
  ASSIGN_OR_RETURN(const YamlValue value, YamlFromJson(json));
  YamlReader yaml(value, ObjectLabel(json), keys);
  ReadKind(yaml, {kind});
  if (!yaml.ok()) return yaml.status();
  T object;
  FieldReader io(yaml);
  Fields(io, object);
  RETURN_IF_ERROR(yaml.Finish());
  return object;
}

template <typename T>
nlohmann::json ObjectToJson(const T& object, std::string_view kind) {
  nlohmann::json json;
  FieldWriter io(json);
  T copy = object;  // fields are listed once, for reading and writing
  Fields(io, copy);
  json["apiVersion"] = kApiVersion;
  json["kind"] = kind;
  return json;
}

}  // namespace ballast
