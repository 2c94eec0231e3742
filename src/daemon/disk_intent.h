// What the caches of a manifests folder want of this node's disk. Pure.
#pragma once

#include <vector>

#include "daemon/collector.h"
#include "daemon/disk_view.h"
#include "daemon/manifest_folder.h"
#include "daemon/model_request.h"
#include "daemon/resolutions.h"

namespace ballast {

// By manifest: the current revision of each cache, and the older ones of it that are here. What a cache keeps warm is
// pinned, and so is everything of one that is suspended.
std::map<Digest, std::vector<CopyOwner>> OwnersOf(const ManifestSet& set, const std::vector<Resolution>& resolutions,
                                                  const std::vector<StoredModel>& models);

// The caches that ask for just this.
std::vector<CopyOwner> OwnersOf(const ManifestSet& set, const ModelRequest& request);

// On whose behalf a download asks for room: of several owners the most important counts.
RoomFor RoomOf(const ModelRequest& request, const std::vector<CopyOwner>& owners, uint64_t bytes);

}  // namespace ballast
