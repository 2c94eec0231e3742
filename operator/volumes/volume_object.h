// The PersistentVolume of a claim: there is nothing behind it but the name of a cache and, unless the claim wants each
// pod start to take what is current, one revision of it. Pure.
#pragma once

#include <optional>
#include <string>

#include "api/label_selector.h"
#include "api/model_cache.h"
#include "kube/json.h"
#include "operator/volumes/claim_facts.h"

namespace ballast::controller {

// "pvc-<uid>": the same at every attempt, and no other claim's.
std::string VolumeNameOf(const ClaimFacts& claim);

// `pin`: null = the current one at each pod start. Capacity and access modes are the claim's, for a volume that offers
// less is passed over in silence.
Json VolumeOfClaim(const ClaimFacts& claim, const StorageClassFacts& storage_class, const ModelCache& cache,
                   const RevisionRecord* pin);

// required nodeAffinity of what `selector` selects; nothing where it selects every node.
std::optional<Json> NodeAffinityOf(const LabelSelector& selector);

// Whether `volume` was made for this claim, whoever made it.
bool IsVolumeOf(const Json& volume, const ClaimFacts& claim);

// Its claim is gone, and it was made here to go with it.
bool IsOver(const Json& volume);

}  // namespace ballast::controller
