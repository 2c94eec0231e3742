// Where a cluster runs kubernetes-csi's volume-data-source-validator, it warns on claims whose dataSourceRef names a
// kind that nobody has registered: these are ours.
#pragma once

#include <vector>

#include "kube/json.h"
#include "kube/resource.h"

namespace ballast::controller {

inline const KubeResource kPopulators{"populator.storage.k8s.io", "v1beta1", "volumepopulators", false};

std::vector<Json> Populators();

}  // namespace ballast::controller
