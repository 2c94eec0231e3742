#include "operator/volumes/volume_object.h"

#include "base/strings.h"
#include "operator/cluster_objects.h"

namespace ballast::controller {
namespace {

Json AttributesOf(const StorageClassFacts& storage_class, const ModelCache& cache, const RevisionRecord* pin) {
  Json attributes = {{cache.cluster_scoped ? "clusterCache" : "cache", cache.metadata.name}};
  for (const char* key : {"layout", "publish"}) {
    const auto found = storage_class.parameters.find(key);
    if (found != storage_class.parameters.end()) attributes[key] = found->second;
  }
  if (pin == nullptr) return attributes;
  if (!pin->commit.empty() && pin->commit != pin->manifest) attributes["revision"] = pin->commit;
  attributes["manifest"] = pin->manifest;
  return attributes;
}

Json ClaimRef(const ClaimFacts& claim) {
  return {{"apiVersion", "v1"},         {"kind", "PersistentVolumeClaim"},
          {"namespace", claim.name.ns}, {"name", claim.name.name},
          {"uid", claim.uid},           {"resourceVersion", claim.resource_version}};
}

Json Expression(const std::string& key, LabelOperator op, const std::vector<std::string>& values) {
  Json expression = {{"key", key}, {"operator", NameOf(kLabelOperators, op)}};
  if (!values.empty()) expression["values"] = values;
  return expression;
}

std::string ProvisionerOf(const Json& volume) {
  const Json& annotations = ChildAt(volume, "/metadata/annotations");
  const auto found = annotations.find(kProvisionedByAnnotation);
  return found != annotations.end() && found->is_string() ? found->get<std::string>() : "";
}

bool Requires(const ModelCache& cache) {
  return cache.spec.nodes && cache.spec.nodes->placement == Placement::kRequire && cache.spec.nodes->selector;
}

}  // namespace

std::string VolumeNameOf(const ClaimFacts& claim) { return StrCat("pvc-", claim.uid); }

Json VolumeOfClaim(const ClaimFacts& claim, const StorageClassFacts& storage_class, const ModelCache& cache,
                   const RevisionRecord* pin) {
  const std::string name = VolumeNameOf(claim);
  Json spec = {{"capacity", {{"storage", claim.request}}},
               {"accessModes", claim.access_modes},
               {"volumeMode", "Filesystem"},
               {"storageClassName", claim.storage_class},
               {"persistentVolumeReclaimPolicy", storage_class.reclaim_policy},
               {"claimRef", ClaimRef(claim)},
               {"csi",
                {{"driver", kDriverName},
                 {"volumeHandle", name},
                 {"readOnly", true},
                 {"volumeAttributes", AttributesOf(storage_class, cache, pin)}}}};
  if (Requires(cache)) {
    if (const auto affinity = NodeAffinityOf(*cache.spec.nodes->selector)) spec["nodeAffinity"] = *affinity;
  }
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolume"},
          {"metadata", {{"name", name}, {"annotations", {{kProvisionedByAnnotation, kDriverName}}}}},
          {"spec", spec}};
}

std::optional<Json> NodeAffinityOf(const LabelSelector& selector) {
  Json expressions = Json::array();
  for (const auto& [key, value] : selector.match_labels)
    expressions.push_back(Expression(key, LabelOperator::kIn, {value}));
  for (const LabelRequirement& requirement : selector.match_expressions)
    expressions.push_back(Expression(requirement.key, requirement.op, requirement.values));
  if (expressions.empty()) return std::nullopt;
  return Json{{"required", {{"nodeSelectorTerms", Json::array({{{"matchExpressions", expressions}}})}}}};
}

bool IsVolumeOf(const Json& volume, const ClaimFacts& claim) {
  return StringAt(volume, "/spec/csi/driver") == kDriverName && StringAt(volume, "/spec/claimRef/uid") == claim.uid;
}

bool IsOver(const Json& volume) {
  return !IsBeingDeleted(volume) && StringAt(volume, "/status/phase") == "Released" &&
         StringAt(volume, "/spec/persistentVolumeReclaimPolicy") == "Delete" &&
         StringAt(volume, "/spec/csi/driver") == kDriverName && ProvisionerOf(volume) == kDriverName;
}

}  // namespace ballast::controller
