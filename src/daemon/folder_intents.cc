#include "daemon/folder_intents.h"

#include "daemon/cluster/node_entries.h"
#include "daemon/disk_intent.h"

namespace ballast {

DiskIntent FolderIntents::Now(const std::vector<StoredModel>& models) const {
  return By(policy_.Get()->policy, models);
}

// The configuration is in the policy.
DiskIntent FolderIntents::By(const NodePolicy& policy, const std::vector<StoredModel>& models) const {
  DiskIntent intent = IntentOf({.policy = policy}, /*configured=*/{}, /*shares_node_filesystem=*/false);
  intent.owners = ballast::OwnersOf(*manifests_.Get(), resolutions_.All(), models);
  intent.pins_yield = true;
  return intent;
}

std::vector<CopyOwner> FolderIntents::OwnersOf(const ModelRequest& request) const {
  return ballast::OwnersOf(*manifests_.Get(), request);
}

}  // namespace ballast
