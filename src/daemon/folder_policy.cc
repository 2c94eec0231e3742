#include "daemon/folder_policy.h"

#include <algorithm>

#include "api/policy_rules.h"
#include "base/strings.h"
#include "daemon/manifest_folder.h"

namespace ballast {
namespace {

std::string NameOf(const CachePolicy& policy) { return StrCat("CachePolicy ", Quoted(policy.metadata.name)); }

std::string NeverApplies(const CachePolicy& policy) {
  return StrCat(NameOf(policy), " never applies here: its nodeSelector wants labels, and without Kubernetes this node ",
                "has none; remove nodeSelector, or the manifest");
}

std::string SamePriority(const CachePolicy& governs, const CachePolicy& other) {
  return StrCat(NameOf(other), " and ", NameOf(governs), " have the same priority, ", governs.spec.priority, "; ",
                Quoted(governs.metadata.name), " governs this node, as the older one or the first by name; change a ",
                "priority");
}

std::vector<std::string> Namespaces(const LabelSelector& selector) {
  return NamespacesByName(selector).value_or(std::vector<std::string>{"*"});
}

std::string SelectsNobody(const CachePolicy& policy, size_t tenant) {
  return StrCat(NameOf(policy), ": tenants[", tenant, "] is nobody here: it selects namespaces by labels, and without ",
                "Kubernetes they have no other than kubernetes.io/metadata.name; select by that one alone");
}

std::string NotPrewarmed(const CachePolicy& policy, const ModelCache& cache) {
  return StrCat("cache ", Quoted(CacheName(cache)), " is not kept warm: ", NameOf(policy),
                " lets its namespace have no model before a pod mounts it (prewarm: Denied)");
}

struct Tenant {
  std::vector<std::string> namespaces;
  const TenantSpec* spec;
};

std::vector<Tenant> TenantsOf(const CachePolicy& policy) {
  std::vector<Tenant> tenants;
  for (const TenantSpec& spec : policy.spec.tenants) tenants.push_back({Namespaces(spec.namespace_selector), &spec});
  return tenants;
}

void ApplyDisk(const PolicyManifest& manifest, const NodePolicy& said, NodePolicy& here) {
  const DiskSpec& disk = manifest.policy.spec.disk;
  if (disk.quota) here.quota_bytes = said.quota_bytes;
  if (disk.min_available) here.min_available_bytes = said.min_available_bytes;
  if (manifest.says_thresholds) here.high_threshold_percent = said.high_threshold_percent;
  if (manifest.says_thresholds) here.low_threshold_percent = said.low_threshold_percent;
  if (manifest.says_interval) here.eviction_interval = said.eviction_interval;
  if (said.unused_for) here.unused_for = said.unused_for;
}

void ApplyLimits(const LimitsSpec& limits, NodePolicy& here) {
  here.upload = limits.upload.value_or(here.upload);
  here.download = limits.download.value_or(here.download);
  here.origin = limits.origin.value_or(here.origin);
  here.prewarm = limits.prewarm.value_or(here.prewarm);
}

}  // namespace

std::optional<PolicyManifest> ChoosePolicy(std::vector<PolicyManifest> policies, std::vector<std::string>& problems) {
  std::sort(policies.begin(), policies.end(),
            [](const PolicyManifest& a, const PolicyManifest& b) { return GoesBefore(a.policy, b.policy); });
  std::optional<PolicyManifest> chosen;
  for (PolicyManifest& one : policies) {
    if (!SelectsNode(one.policy, Labels())) {
      problems.push_back(NeverApplies(one.policy));
    } else if (!chosen) {
      chosen = std::move(one);
    } else if (one.policy.spec.priority == chosen->policy.spec.priority) {
      problems.push_back(SamePriority(chosen->policy, one.policy));
    }
  }
  return chosen;
}

void ApplyTenants(const CachePolicy& policy, std::vector<ModelCache>& caches, std::vector<std::string>& problems,
                  std::vector<std::string>& warnings) {
  const std::vector<Tenant> tenants = TenantsOf(policy);
  for (size_t i = 0; i < tenants.size(); ++i) {
    if (tenants[i].namespaces.empty()) problems.push_back(SelectsNobody(policy, i));
  }
  for (ModelCache& cache : caches) {
    const Tenant* tenant = cache.cluster_scoped ? nullptr : TenantOf(tenants, cache.metadata.object_namespace);
    if (tenant == nullptr) continue;
    cache.spec.priority = std::min(cache.spec.priority, tenant->spec->max_priority.value_or(cache.spec.priority));
    if (tenant->spec->prewarm == Prewarm::kAllowed || !KeepsWarm(cache)) continue;
    cache.spec.nodes.reset();
    cache.spec.seeds.reset();
    warnings.push_back(NotPrewarmed(policy, cache));
  }
}

NodePolicy ConfiguredPolicy(const DaemonConfig& config) {
  return {.quota_bytes = config.cache.quota,
          .high_threshold_percent = config.cache.high_threshold_percent,
          .low_threshold_percent = config.cache.low_threshold_percent,
          .min_available_bytes = config.cache.min_available,
          .eviction_interval = config.eviction.interval,
          .unused_for = config.eviction.unused_for,
          .upload = config.limits.upload_bytes_per_second,
          .download = config.limits.download_bytes_per_second,
          .origin = config.limits.origin_bytes_per_second,
          .prewarm = config.limits.prewarm_bytes_per_second};
}

// One node's share of quotaTotal is all of it.
NodePolicy PolicyHere(const NodePolicy& configured, const std::optional<PolicyManifest>& manifest) {
  NodePolicy here = configured;
  if (!manifest) return here;
  const CachePolicySpec& spec = manifest->policy.spec;
  const NodePolicy said = ResolvePolicy(manifest->policy, Namespaces);
  here.name = said.name;
  here.tenants = said.tenants;
  for (size_t i = 0; i < here.tenants.size(); ++i)
    here.tenants[i].quota_bytes = Stricter(here.tenants[i].quota_bytes, spec.tenants[i].quota_total.value_or(0));
  ApplyDisk(*manifest, said, here);
  ApplyLimits(spec.limits, here);
  return here;
}

VolumeSources SourcesFor(const std::string& pod_namespace, const NodePolicy& policy,
                         const std::vector<std::string>& configured) {
  const NodeTenant* tenant = TenantOf(policy.tenants, pod_namespace);
  if (tenant == nullptr || tenant->sources.empty()) return {.patterns = configured};
  return {tenant->sources,
          StrCat("tenants[].sources of CachePolicy ", Quoted(policy.name), " for namespace ", Quoted(pod_namespace))};
}

}  // namespace ballast
