#include "api/object_codec.h"

#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxLabelBytes = 80;

std::string WordAt(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_string()) return "";
  const auto word = found->get<std::string>();
  const bool plain =
      word.size() <= kMaxLabelBytes &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == std::string::npos;
  return plain ? word : Quoted(word, kMaxLabelBytes);
}

}  // namespace

std::string ObjectLabel(const nlohmann::json& object) {
  const nlohmann::json none;
  const bool has_metadata = object.is_object() && object.contains("metadata");
  const nlohmann::json& metadata = has_metadata ? object["metadata"] : none;
  const std::string kind = WordAt(object, "kind");
  const std::string space = WordAt(metadata, "namespace");
  return StrCat(kind.empty() ? "object" : kind, " ", space, space.empty() ? "" : "/", WordAt(metadata, "name"));
}

std::string ReadKind(YamlReader& yaml, const std::vector<std::string_view>& kinds) {
  std::string version;
  std::string kind;
  yaml.Require("apiVersion");
  yaml.Choice("apiVersion", {kApiVersion}, version);
  yaml.Require("kind");
  yaml.Choice("kind", kinds, kind);
  return kind;
}

}  // namespace ballast
