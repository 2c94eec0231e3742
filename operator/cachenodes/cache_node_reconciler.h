// What a CacheNode needs next: as a function from values to values.
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "api/cache_node.h"
#include "operator/cluster_objects.h"
#include "operator/placement/placement_board.h"

namespace ballast::controller {

struct CacheNodeObserved {
  std::shared_ptr<const NodeFacts> node;        // null: there is none (any more)
  std::shared_ptr<const CacheNode> cache_node;  // null: none
  std::optional<PlannedNode> planned;           // nothing: it is as it shall be
};

struct CreateCacheNode {
  CacheNode object;
  friend bool operator==(const CreateCacheNode&, const CreateCacheNode&) = default;
};
// Carries the resourceVersion that the plan was made from: a write that raced wins.
struct UpdateCacheNode {
  CacheNode object;
  friend bool operator==(const UpdateCacheNode&, const UpdateCacheNode&) = default;
};
// Of a Node that was made anew under its name: the old one's goes first.
struct DeleteCacheNode {
  std::string uid;
  friend bool operator==(const DeleteCacheNode&, const DeleteCacheNode&) = default;
};
using CacheNodeAction = std::variant<CreateCacheNode, UpdateCacheNode, DeleteCacheNode>;

// Nothing: it is as it shall be, or the plan is older than what is there and another one is on its way.
std::optional<CacheNodeAction> ReconcileCacheNode(const CacheNodeObserved& observed);

}  // namespace ballast::controller
