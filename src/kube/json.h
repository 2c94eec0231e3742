// Kubernetes objects are JSON values here: a client passes on fields that it has never heard of.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast {

using Json = nlohmann::json;

inline constexpr size_t kMaxJsonDepth = 100;

// InvalidArgument: not JSON, or nested deeper than kMaxJsonDepth (copying a value takes stack by its depth).
Result<Json> ParseJson(std::string_view text);

// One line. What is not UTF-8 is replaced, so that no text of ours can make a request impossible.
std::string DumpJson(const Json& value);

// What `pointer` ("/metadata/name") leads to, or "" / `otherwise` where there is none or it is of another type.
std::string StringAt(const Json& value, const char* pointer);
int64_t IntAt(const Json& value, const char* pointer, int64_t otherwise = 0);
// The object or list there; an empty object where there is none.
const Json& ChildAt(const Json& value, const char* pointer);

}  // namespace ballast
