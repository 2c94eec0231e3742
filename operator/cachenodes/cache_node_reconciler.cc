#include "operator/cachenodes/cache_node_reconciler.h"

namespace ballast::controller {
namespace {

CacheNode NewFor(const NodeFacts& node, const CacheNodeSpec& spec) {
  CacheNode object;
  object.metadata.name = node.name;
  object.metadata.owner_references = {{.api_version = "v1", .kind = "Node", .name = node.name, .uid = node.uid}};
  object.spec = spec;
  return object;
}

}  // namespace

std::optional<CacheNodeAction> ReconcileCacheNode(const CacheNodeObserved& observed) {
  if (observed.node == nullptr || !observed.planned) return std::nullopt;
  const PlannedNode& planned = *observed.planned;
  if (!planned.IsMadeFrom(observed.cache_node.get())) return std::nullopt;
  if (observed.cache_node == nullptr) return CreateCacheNode{NewFor(*observed.node, *planned.spec)};
  if (!IsOwnedBy(observed.cache_node->metadata, observed.node->uid))
    return DeleteCacheNode{observed.cache_node->metadata.uid};
  CacheNode object = *observed.cache_node;
  object.spec = *planned.spec;
  if (object == *observed.cache_node) return std::nullopt;
  return UpdateCacheNode{std::move(object)};
}

}  // namespace ballast::controller
