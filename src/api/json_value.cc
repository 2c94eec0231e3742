#include "api/json_value.h"

#include <nlohmann/json.hpp>

namespace ballast {
namespace {

constexpr int kMaxDepth = 64;

Status Convert(const nlohmann::json& json, int depth, YamlValue& value);

Status ConvertList(const nlohmann::json& json, int depth, YamlValue& value) {
  value.kind = YamlValue::Kind::kList;
  for (const nlohmann::json& item : json) RETURN_IF_ERROR(Convert(item, depth + 1, value.items.emplace_back()));
  return OkStatus();
}

Status ConvertMapping(const nlohmann::json& json, int depth, YamlValue& value) {
  value.kind = YamlValue::Kind::kMapping;
  for (const auto& [key, item] : json.items()) {
    YamlEntry& entry = value.entries.emplace_back();
    entry.key = key;
    entry.line = 0;
    RETURN_IF_ERROR(Convert(item, depth + 1, entry.value));
  }
  return OkStatus();
}

Status Convert(const nlohmann::json& json, int depth, YamlValue& value) {
  if (depth > kMaxDepth) return InvalidArgument("the object is nested more than 64 deep");
  value.line = 0;
  if (json.is_null()) return OkStatus();
  if (json.is_array()) return ConvertList(json, depth, value);
  if (json.is_object()) return ConvertMapping(json, depth, value);
  value.kind = YamlValue::Kind::kScalar;
  value.quoted = json.is_string();
  value.text = json.is_string() ? json.get<std::string>() : json.dump();
  return OkStatus();
}

}  // namespace

Result<YamlValue> YamlFromJson(const nlohmann::json& json) {
  YamlValue value;
  RETURN_IF_ERROR(Convert(json, 1, value));
  return value;
}

}  // namespace ballast
