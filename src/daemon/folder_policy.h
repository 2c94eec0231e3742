// Which CachePolicy of a manifests folder governs this node, and what it means here. Pure.
//
// The rules are those of a cluster (api/policy_rules.h) for one node that has no labels, and namespaces that have their
// name and no other label. What no policy says, the configuration says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/cache_node.h"
#include "api/manifests.h"
#include "daemon/config.h"

namespace ballast {

// nullopt: none is for this node. `problems` gains a sentence for each that can never be, and for others of the same
// priority.
std::optional<PolicyManifest> ChoosePolicy(std::vector<PolicyManifest> policies, std::vector<std::string>& problems);

// What tenants[].maxPriority and .prewarm make of their ModelCaches. A tenant that selects nobody here is a problem, a
// cache that is not kept warm a warning.
void ApplyTenants(const CachePolicy& policy, std::vector<ModelCache>& caches, std::vector<std::string>& problems,
                  std::vector<std::string>& warnings);

// The configuration as a policy without a name.
NodePolicy ConfiguredPolicy(const DaemonConfig& config);

// What holds on this node: of `manifest` what it says, of `configured` the rest.
NodePolicy PolicyHere(const NodePolicy& configured, const std::optional<PolicyManifest>& manifest);

// Which inline sources volumes of a namespace may name: those of its tenant where that names some.
struct VolumeSources {
  std::vector<std::string> patterns;
  std::string said_by = "volumes.sources of ballastd's configuration";  // for messages
};
VolumeSources SourcesFor(const std::string& pod_namespace, const NodePolicy& policy,
                         const std::vector<std::string>& configured);

}  // namespace ballast
