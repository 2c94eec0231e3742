#include "api/testing/schema.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "api/yaml_value.h"
#include "base/strings.h"

namespace ballast {
namespace {

using nlohmann::json;

json ToJson(const YamlValue& value) {
  switch (value.kind) {
    case YamlValue::Kind::kNull:
      return nullptr;
    case YamlValue::Kind::kScalar: {
      if (value.quoted) return value.text;
      const json scalar = json::parse(value.text, nullptr, false);  // a number, true, false
      return scalar.is_primitive() && !scalar.is_discarded() ? scalar : json(value.text);
    }
    case YamlValue::Kind::kList: {
      json list = json::array();
      for (const YamlValue& item : value.items) list.push_back(ToJson(item));
      return list;
    }
    case YamlValue::Kind::kMapping: {
      json mapping = json::object();
      for (const YamlEntry& entry : value.entries) mapping[entry.key] = ToJson(entry.value);
      return mapping;
    }
  }
  return nullptr;
}

bool IsIntOrString(const json& schema) { return schema.value("x-kubernetes-int-or-string", false); }

// Texts that have a form, by the name of their property.
const std::map<std::string, json>& Texts() {
  static const std::map<std::string, json> texts = {
      {"uri", "hf://org/name"},
      {"revision", "v1"},
      {"manifest", "sha256:" + std::string(64, '1')},
      {"unusedFor", "1h30m"},
      {"interval", "30m"},
      {"evictionInterval", "30m"},
      {"maxParallel", "25%"},
      {"operator", "In"},
      {"lowThresholdPercent", 5},
      {"sources", json::array({"hf://org/*"})},
  };
  return texts;
}

// Counts down, so that no two numbers of an object are alike.
json Number(const json& schema, int64_t& next) {
  const int64_t number = next--;
  return std::clamp(number, schema.value("minimum", int64_t{0}), schema.value("maximum", int64_t{INT32_MAX}));
}

json Example(const json& schema, const std::string& name, int64_t& next);

json ExampleObject(const json& schema, int64_t& next) {
  if (schema.contains("additionalProperties")) return {{"key", "value"}};
  json object = json::object();
  for (const auto& [key, property] : schema["properties"].items()) object[key] = Example(property, key, next);
  return object;
}

json Example(const json& schema, const std::string& name, int64_t& next) {
  const std::string type = schema.value("type", "");
  if (type == "object") return ExampleObject(schema, next);
  if (const auto text = Texts().find(name); text != Texts().end()) return text->second;
  if (type == "array") return json::array({Example(schema["items"], "", next)});
  if (type == "integer" || IsIntOrString(schema)) return Number(schema, next);
  if (type == "boolean") return true;
  if (schema.contains("enum")) return schema["enum"].back();
  if (schema.value("format", "") == "date-time") return "2026-01-31T12:00:00Z";
  return StrCat("text-", next--);
}

}  // namespace

json ReadCrd(const std::string& plural) {
  const std::string path = StrCat(BALLAST_CRDS, "/", plural, ".yaml");
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return ToJson(ParseYaml(text.str(), path).value().at(0));
}

json SchemaOf(const json& crd) {
  json schema = crd["spec"]["versions"].at(0)["schema"]["openAPIV3Schema"];
  for (const char* key : {"apiVersion", "kind", "metadata"}) schema["properties"].erase(key);
  return schema;
}

json Comparable(const json& schema) {
  static const std::set<std::string> kKept = {"type", "enum", "minimum", "maximum"};
  json kept = json::object();
  for (const auto& [key, value] : schema.items()) {
    if (kKept.contains(key)) kept[key] = value;
  }
  if (IsIntOrString(schema)) kept["type"] = "int-or-string";
  if (schema.value("format", "") == "date-time") kept["format"] = "date-time";
  if (kept.value("minimum", int64_t{0}) == INT32_MIN) kept.erase("minimum");
  if (kept.value("maximum", int64_t{0}) == INT32_MAX) kept.erase("maximum");
  if (schema.contains("items")) kept["items"] = Comparable(schema["items"]);
  if (schema.contains("additionalProperties"))
    kept["additionalProperties"] = Comparable(schema["additionalProperties"]);
  if (schema.contains("properties")) {
    for (const auto& [key, value] : schema["properties"].items()) {
      if (key != "metadata") kept["properties"][key] = Comparable(value);
    }
  }
  if (schema.contains("required")) {
    std::set<std::string> required(schema["required"].begin(), schema["required"].end());
    required.erase("metadata");
    if (!required.empty()) kept["required"] = required;
  }
  return kept;
}

json ExampleOf(const json& schema) {
  int64_t next = 99;
  return ExampleObject(schema, next);
}

void EachProperty(const json& schema, const VisitProperty& visit, const json::json_pointer& place) {
  if (schema.contains("items")) return EachProperty(schema["items"], visit, place / 0);
  if (!schema.contains("properties")) return;
  for (const auto& [key, property] : schema["properties"].items()) {
    visit(place / key, property);
    EachProperty(property, visit, place / key);
  }
}

}  // namespace ballast
