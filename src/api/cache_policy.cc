#include "api/cache_policy.h"

#include "api/cache_policy_fields.h"
#include "api/object_codec.h"

namespace ballast {

Result<CachePolicy> CachePolicyFromJson(const nlohmann::json& object) {
  return ObjectFromJson<CachePolicy>(object, "CachePolicy");
}

nlohmann::json ToJson(const CachePolicy& policy) { return ObjectToJson(policy, "CachePolicy"); }

}  // namespace ballast
