#include "kube/json.h"

#include <algorithm>

namespace ballast {
namespace {

// Braces outside of strings; on anything that is no JSON it says something, which the parser then refuses.
size_t Depth(std::string_view text) {
  size_t depth = 0;
  size_t deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

const Json* Find(const Json& value, const char* pointer) {
  const Json::json_pointer path(pointer);
  return value.contains(path) ? &value.at(path) : nullptr;
}

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  if (Depth(text) > kMaxJsonDepth) return InvalidArgument("the JSON is nested too deeply");
  Json value = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return InvalidArgument("not valid JSON");
  return value;
}

std::string DumpJson(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string StringAt(const Json& value, const char* pointer) {
  const Json* found = Find(value, pointer);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

int64_t IntAt(const Json& value, const char* pointer, int64_t otherwise) {
  const Json* found = Find(value, pointer);
  return found != nullptr && found->is_number_integer() ? found->get<int64_t>() : otherwise;
}

const Json& ChildAt(const Json& value, const char* pointer) {
  static const Json kEmpty = Json::object();
  const Json* found = Find(value, pointer);
  return found != nullptr && found->is_structured() ? *found : kEmpty;
}

}  // namespace ballast
