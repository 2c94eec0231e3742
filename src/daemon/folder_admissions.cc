#include "daemon/folder_admissions.h"

#include "daemon/current_manifests.h"

namespace ballast {

Admittance FolderAdmissions::Admit(const cache::v1::PrepareRequest& asked) {
  if (!asked.token().empty()) {
    return {.admitted = InvalidArgument(
                "this node takes no token with a volume: remove nodePublishSecretRef, put the token into a file on the "
                "node, and name that file as tokenFile of the model's origin in ballastd's configuration"),
            .waiting_for = ""};
  }
  return {.admitted = ::ballast::Admit(asked, manifests_.Get()->caches, volume_sources_), .waiting_for = ""};
}

std::vector<std::string> FolderAdmissions::Problems() const { return manifests_.Get()->problems; }

}  // namespace ballast
