#include "daemon/cluster/node_intents.h"

#include "daemon/cluster/node_entries.h"

namespace ballast {

DiskIntent NodeIntents::Now(const std::vector<StoredModel>& models) const {
  const RoomLimits configured{config_.cache.quota, config_.cache.min_available};
  const std::shared_ptr<const CacheNode> node = current_();
  if (node != nullptr) return IntentOf(node->spec, configured, shares_node_filesystem_);
  DiskIntent unknown{.policy = {.quota_bytes = configured.quota_bytes, .min_available = configured.min_available}};
  for (const StoredModel& model : models)
    unknown.owners[model.id] = {{.cache = "whatever the operator will say", .pinned = true}};
  return unknown;
}

std::vector<CopyOwner> NodeIntents::OwnersOf(const ModelRequest& request) const {
  const std::shared_ptr<const CacheNode> node = current_();
  return node == nullptr ? std::vector<CopyOwner>() : ballast::OwnersOf(node->spec, request);
}

Duration NodeIntents::Interval() const {
  const std::shared_ptr<const CacheNode> node = current_();
  return node == nullptr ? config_.eviction.interval : node->spec.policy.eviction_interval;
}

}  // namespace ballast
