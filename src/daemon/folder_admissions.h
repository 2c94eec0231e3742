// Admissions of a node without Kubernetes: by its manifests folder, its policy and its configuration.
#pragma once

#include "daemon/admissions.h"
#include "daemon/manifest_folder.h"

namespace ballast {

class CurrentManifests;
class CurrentPolicy;

class FolderAdmissions final : public Admissions {
 public:
  // All of it outlives this.
  FolderAdmissions(const CurrentManifests& manifests, const CurrentPolicy& policy,
                   const std::vector<std::string>& volume_sources)
      : manifests_(manifests), policy_(policy), volume_sources_(volume_sources) {}

  Admittance Admit(const cache::v1::PrepareRequest& asked) override;
  AdmissionWatch Watch(std::function<void()> /*changed*/) override { return {}; }  // every answer is final
  std::vector<std::string> Problems() const override;

 private:
  const CurrentManifests& manifests_;
  const CurrentPolicy& policy_;
  const std::vector<std::string>& volume_sources_;
};

}  // namespace ballast
