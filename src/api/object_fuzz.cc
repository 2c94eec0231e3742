// Any bytes as the JSON of each kind. Rules: no crash; what is refused is refused by one printable line; what is read
// is written, and read again as the same.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/cache_node.h"
#include "api/cache_policy.h"
#include "api/model_cache.h"
#include "api/testing/example.h"
#include "base/check.h"
#include "core/testing/splice.h"

namespace ballast {
namespace {

template <typename T>
void Check(const Result<T>& read, Result<T> (*again)(const nlohmann::json&)) {
  if (read.ok()) {
    const nlohmann::json json = ToJson(*read);
    BALLAST_CHECK(again(json).value() == *read) << json.dump();
    return;
  }
  const std::string text = read.status().message();
  BALLAST_CHECK(std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < 0x20; })) << text;
}

void CheckAll(const nlohmann::json& json) {
  Check(ModelCacheFromJson(json), &ModelCacheFromJson);
  Check(CachePolicyFromJson(json), &CachePolicyFromJson);
  Check(CacheNodeFromJson(json), &CacheNodeFromJson);
}

}  // namespace
}  // namespace ballast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const std::string_view example : ballast::kObjectExamples) {
    const auto json = nlohmann::json::parse(ballast::FuzzInput(data, size, example), nullptr, false);
    if (!json.is_discarded()) ballast::CheckAll(json);
  }
  return 0;
}
