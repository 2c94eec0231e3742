#include "operator/volumes/provision_volume.h"

#include "base/strings.h"
#include "operator/volumes/claim_check.h"
#include "operator/volumes/volume_object.h"

namespace ballast::controller {
namespace {

HoldBack Refuse(const std::string& reason, const std::string& note) { return {true, reason, note}; }
HoldBack Wait(const std::string& reason, const std::string& note) { return {false, reason, note}; }

HoldBack WaitForCache(const std::string& cache, const char* why) {
  return Wait("WaitingForCache", StrCat("waits for ", CacheLabel(cache), ": ", why));
}

// What the cache itself says about why it is not resolved.
std::string WhyUnresolved(const ModelCache& cache) {
  if (cache.spec.suspend) return "it is suspended; set spec.suspend: false";
  const Condition* ready = FindCondition(cache.status.conditions, ConditionType::kReady);
  if (ready == nullptr) return "the hub is asked which commit it stands for";
  return StrCat(ready->reason, ": ", ready->message);
}

std::string DoneNote(const ModelCache& cache, const std::string& label, const RevisionRecord* pin) {
  if (pin == nullptr) return StrCat("made a volume of ", label, ": each pod start takes the revision that is current");
  const std::string& commit = pin->commit.empty() ? pin->manifest : pin->commit;
  return StrCat("made a volume of ", label, " at ", commit, " (", FormatBytes(pin->bytes), ", ", pin->files,
                " files of ", cache.spec.source.uri.ToString(), ")");
}

Provisioning FromCache(const ClaimObserved& observed, const std::string& name, const ModelCache& cache) {
  if (!observed.ns || observed.ns->ending) return NotNow{};
  if (!IsAdmitted(cache, *observed.ns))
    return Refuse(std::string(NameOf(Reason::kNotAllowed)),
                  StrCat(CacheLabel(name), " does not admit the namespace ", observed.ns->name,
                         ": its spec.allowedNamespaces selects others"));
  const RevisionRecord& current = cache.status.revision.current;
  const RevisionRecord* const pin = observed.claim.revision == "current" ? nullptr : &current;
  if (pin != nullptr && current.manifest.empty())
    return Wait(std::string(NameOf(Reason::kResolving)),
                StrCat("waits until the revision of ", CacheLabel(name), " is known: ", WhyUnresolved(cache)));
  return CreateVolume{VolumeOfClaim(observed.claim, *observed.storage_class, cache, pin),
                      DoneNote(cache, CacheLabel(name), pin)};
}

}  // namespace

bool IsOurTurn(const ClaimObserved& observed) {
  const ClaimFacts& claim = observed.claim;
  if (claim.provisioner != kDriverName || claim.ending || !claim.volume.empty()) return false;
  if (!observed.storage_class || observed.storage_class->provisioner != kDriverName) return false;
  return !observed.storage_class->waits_for_consumer || !claim.selected_node.empty();
}

Provisioning ProvisionVolume(const ClaimObserved& observed) {
  if (!IsOurTurn(observed)) return NotNow{};
  for (const Status& status : {CheckClaim(observed.claim), CheckStorageClass(*observed.storage_class)}) {
    if (!status.ok()) return Refuse("ProvisioningFailed", status.message());
  }
  const std::string cache = *CacheOfClaim(observed.claim);
  if (!observed.cache) return WaitForCache(cache, "it does not exist; create it, or correct spec.dataSourceRef.name");
  if (observed.cache->metadata.deletion_timestamp) return WaitForCache(cache, "it is being deleted");
  return FromCache(observed, cache, *observed.cache);
}

bool IsAdmitted(const ModelCache& cache, const NamespaceFacts& ns) {
  if (!cache.cluster_scoped) return cache.metadata.object_namespace == ns.name;
  const auto& allowed = cache.spec.allowed_namespaces;
  return !allowed || !allowed->selector || allowed->selector->Matches(ns.labels);
}

}  // namespace ballast::controller
