#include "daemon/folder_intents.h"

#include "daemon/disk_intent.h"

namespace ballast {

DiskIntent ConfiguredIntent(const DaemonConfig& config) {
  return {.policy = {.quota_bytes = config.cache.quota,
                     .min_available = config.cache.min_available,
                     .high_percent = config.cache.high_threshold_percent,
                     .low_percent = config.cache.low_threshold_percent},
          .unused_for = config.eviction.unused_for,
          .pins_yield = true};
}

DiskIntent FolderIntents::Now(const std::vector<StoredModel>& models) const {
  DiskIntent intent = ConfiguredIntent(config_);
  intent.owners = ballast::OwnersOf(*manifests_.Get(), resolutions_.All(), models);
  return intent;
}

std::vector<CopyOwner> FolderIntents::OwnersOf(const ModelRequest& request) const {
  return ballast::OwnersOf(*manifests_.Get(), request);
}

}  // namespace ballast
