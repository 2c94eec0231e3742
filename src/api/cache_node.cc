#include "api/cache_node.h"

#include "api/cache_node_fields.h"
#include "api/object_codec.h"

namespace ballast {

Result<CacheNode> CacheNodeFromJson(const nlohmann::json& object) {
  return ObjectFromJson<CacheNode>(object, "CacheNode");
}

nlohmann::json ToJson(const CacheNode& node) { return ObjectToJson(node, "CacheNode"); }

}  // namespace ballast
