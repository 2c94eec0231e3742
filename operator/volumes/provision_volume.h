// What becomes of a claim on a model: the provisioner's decision. Pure.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "api/model_cache.h"
#include "operator/cluster_objects.h"
#include "operator/volumes/claim_facts.h"

namespace ballast::controller {

// Read once, by value.
struct ClaimObserved {
  ClaimFacts claim;
  std::optional<StorageClassFacts> storage_class;
  std::optional<NamespaceFacts> ns;  // the claim's
  std::optional<ModelCache> cache;   // the one that the claim names
};

// Somebody else's, or it is somebody else's turn: bound already, no node selected yet, about to be deleted.
struct NotNow {
  friend bool operator==(const NotNow&, const NotNow&) = default;
};
// It goes on when something else changes. `refused`: a person has to change it.
struct HoldBack {
  bool refused = false;
  std::string reason;
  std::string note;

  friend bool operator==(const HoldBack&, const HoldBack&) = default;
};
struct CreateVolume {
  Json volume;
  std::string note;  // for the event

  friend bool operator==(const CreateVolume&, const CreateVolume&) = default;
};
using Provisioning = std::variant<NotNow, HoldBack, CreateVolume>;

// Whether Kubernetes asks us for a volume of this claim now, whatever the claim says of it.
bool IsOurTurn(const ClaimObserved& observed);

Provisioning ProvisionVolume(const ClaimObserved& observed);

// Whether pods of the namespace may mount it.
bool IsAdmitted(const ModelCache& cache, const NamespaceFacts& ns);

}  // namespace ballast::controller
