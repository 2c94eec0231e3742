// Who may have which model: from what a caller of Prepare says to the request that its volume stands for. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/model_cache.h"
#include "base/status.h"
#include "daemon/folder_policy.h"
#include "daemon/model_request.h"
#include "proto/cache.pb.h"

namespace ballast {

struct Admitted {
  ModelRequest request;
  std::optional<Digest> manifest;  // exactly these bytes
  std::string cache;               // its name; "" for an inline source

  friend bool operator==(const Admitted&, const Admitted&) = default;
};

// The request that a cache stands for while its revision is followed or kept.
ModelRequest RequestOf(const ModelCache& cache);

// NotFound: no such cache (the nearest name is offered). PermissionDenied: an inline source that `sources` ("hf://*",
// "hf://org/*") do not admit for volumes, a ModelCache of another namespace. InvalidArgument: everything
// that is malformed. Unavailable: the cache is suspended.
Result<Admitted> Admit(const cache::v1::PrepareRequest& asked, const std::vector<ModelCache>& caches,
                       const VolumeSources& sources);

// InvalidArgument unless the id has 1-128 printable bytes and the target is an absolute path below 4,096 bytes.
Status CheckLease(const cache::v1::Lease& lease);

}  // namespace ballast
