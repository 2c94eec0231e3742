#include "api/cache_policy.h"

#include "api/cache_policy_fields.h"
#include "api/object_codec.h"
#include "base/strings.h"

namespace ballast {

Status CheckSourcePattern(std::string_view pattern) {
  for (const std::string_view scheme : {"hf://", "file://", "https://"}) {
    if (pattern.starts_with(scheme) && pattern.size() > scheme.size()) return OkStatus();
  }
  return InvalidArgument(StrCat(
      Quoted(pattern), " admits nothing; a pattern begins with hf://, file:// or https://, for example hf://org/*"));
}

Result<CachePolicy> CachePolicyFromJson(const nlohmann::json& object) {
  return ObjectFromJson<CachePolicy>(object, "CachePolicy");
}

nlohmann::json ToJson(const CachePolicy& policy) { return ObjectToJson(policy, "CachePolicy"); }

}  // namespace ballast
