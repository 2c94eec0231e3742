// The files of a manifests folder: ClusterModelCache, ModelCache and CachePolicy objects, one or several documents in
// each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/cache_policy.h"
#include "api/model_cache.h"
#include "base/status.h"

namespace ballast {

// Without Kubernetes a node's configuration has defaults of its own for what a policy does not say.
struct PolicyManifest {
  CachePolicy policy;
  bool says_thresholds = false;  // one of the two at least
  bool says_interval = false;

  friend bool operator==(const PolicyManifest&, const PolicyManifest&) = default;
};

struct Manifests {
  std::vector<ModelCache> caches;
  std::vector<PolicyManifest> policies;

  bool empty() const { return caches.empty() && policies.empty(); }
  friend bool operator==(const Manifests&, const Manifests&) = default;
};

// Every document of `yaml` (an object that `kubectl get -o yaml` printed will do; its status is not read).
// InvalidArgument names `file`, the line, the key, and for an unknown key the nearest valid one; one bad document fails
// the file, and so do two of one kind and name.
Result<Manifests> ParseManifests(std::string_view yaml, const std::string& file);

}  // namespace ballast
