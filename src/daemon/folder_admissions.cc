#include "daemon/folder_admissions.h"

#include "daemon/current_manifests.h"
#include "daemon/current_policy.h"
#include "daemon/folder_policy.h"

namespace ballast {

Admittance FolderAdmissions::Admit(const cache::v1::PrepareRequest& asked) {
  if (!asked.token().empty()) {
    return {.admitted = InvalidArgument(
                "this node takes no token with a volume: remove nodePublishSecretRef, put the token into a file on the "
                "node, and name that file as tokenFile of the model's origin in ballastd's configuration"),
            .waiting_for = ""};
  }
  const VolumeSources sources = SourcesFor(asked.namespace_(), policy_.Get()->policy, volume_sources_);
  return {.admitted = ::ballast::Admit(asked, manifests_.Get()->caches, sources), .waiting_for = ""};
}

std::vector<std::string> FolderAdmissions::Problems() const {
  std::vector<std::string> problems = manifests_.Get()->problems;
  const auto policy = policy_.Get();
  problems.insert(problems.end(), policy->problems.begin(), policy->problems.end());
  return problems;
}

}  // namespace ballast
