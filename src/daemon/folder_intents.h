// DiskIntents of a node without Kubernetes: its policy and its manifests folder.
#pragma once

#include "daemon/current_manifests.h"
#include "daemon/current_policy.h"
#include "daemon/disk_intents.h"
#include "daemon/resolutions.h"

namespace ballast {

class FolderIntents final : public DiskIntents {
 public:
  // All of it outlives this.
  FolderIntents(const CurrentPolicy& policy, const CurrentManifests& manifests, const Resolutions& resolutions)
      : policy_(policy), manifests_(manifests), resolutions_(resolutions) {}

  DiskIntent Now(const std::vector<StoredModel>& models) const override;
  std::vector<CopyOwner> OwnersOf(const ModelRequest& request) const override;
  Duration Interval() const override { return policy_.Get()->policy.eviction_interval; }

  // As Now(), were this the policy.
  DiskIntent By(const NodePolicy& policy, const std::vector<StoredModel>& models) const;

 private:
  const CurrentPolicy& policy_;
  const CurrentManifests& manifests_;
  const Resolutions& resolutions_;
};

}  // namespace ballast
