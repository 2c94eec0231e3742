// DiskIntents of a node without Kubernetes: its configuration and its manifests folder.
#pragma once

#include "daemon/config.h"
#include "daemon/current_manifests.h"
#include "daemon/disk_intents.h"
#include "daemon/resolutions.h"

namespace ballast {

DiskIntent ConfiguredIntent(const DaemonConfig& config);

class FolderIntents final : public DiskIntents {
 public:
  // All of it outlives this.
  FolderIntents(const DaemonConfig& config, const CurrentManifests& manifests, const Resolutions& resolutions)
      : config_(config), manifests_(manifests), resolutions_(resolutions) {}

  DiskIntent Now(const std::vector<StoredModel>& models) const override;
  std::vector<CopyOwner> OwnersOf(const ModelRequest& request) const override;
  Duration Interval() const override { return config_.eviction.interval; }

 private:
  const DaemonConfig& config_;
  const CurrentManifests& manifests_;
  const Resolutions& resolutions_;
};

}  // namespace ballast
