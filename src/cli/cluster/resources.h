// The resources that `ballast kube` reads and writes.
#pragma once

#include "kube/resource.h"

namespace ballast::cli {

inline const KubeResource kPods{"", "v1", "pods", true};
inline const KubeResource kClaims{"", "v1", "persistentvolumeclaims", true};
inline const KubeResource kVolumes{"", "v1", "persistentvolumes", false};
inline const KubeResource kNodes{"", "v1", "nodes", false};
inline const KubeResource kNamespaces{"", "v1", "namespaces", false};
inline const KubeResource kEvents{"", "v1", "events", true};
inline const KubeResource kSecrets{"", "v1", "secrets", true};
inline const KubeResource kConfigMaps{"", "v1", "configmaps", true};
inline const KubeResource kLeases{"coordination.k8s.io", "v1", "leases", true};
inline const KubeResource kStorageClasses{"storage.k8s.io", "v1", "storageclasses", false};
inline const KubeResource kDriverNodes{"storage.k8s.io", "v1", "csinodes", false};
inline const KubeResource kDaemonSets{"apps", "v1", "daemonsets", true};
inline const KubeResource kPopulators{"populator.storage.k8s.io", "v1beta1", "volumepopulators", false};
inline const KubeResource kModelCaches{"ballast.dev", "v1alpha1", "modelcaches", true};
inline const KubeResource kClusterModelCaches{"ballast.dev", "v1alpha1", "clustermodelcaches", false};
inline const KubeResource kCachePolicies{"ballast.dev", "v1alpha1", "cachepolicies", false};
inline const KubeResource kCacheNodes{"ballast.dev", "v1alpha1", "cachenodes", false};

inline constexpr char kOperatorLabels[] = "app.kubernetes.io/name=ballast,app.kubernetes.io/component=operator";
inline constexpr char kAgentLabels[] = "app.kubernetes.io/name=ballast,app.kubernetes.io/component=agent";

}  // namespace ballast::cli
