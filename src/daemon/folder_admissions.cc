#include "daemon/folder_admissions.h"

#include "daemon/current_manifests.h"

namespace ballast {

Admittance FolderAdmissions::Admit(const cache::v1::PrepareRequest& asked) {
  return {.admitted = ::ballast::Admit(asked, manifests_.Get()->caches, volume_sources_), .waiting_for = ""};
}

std::vector<std::string> FolderAdmissions::Problems() const { return manifests_.Get()->problems; }

}  // namespace ballast
