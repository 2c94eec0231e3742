// What the chart's hooks run around `helm uninstall`: a refusal while pods have volumes of ours, and afterwards the
// removal of what no chart knows of.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "kube/kube_client.h"

namespace ballast::cli {

// FailedPrecondition names the pods, at most 10 of them.
Status CheckNothingMounted(KubeClient& client, const CallLimits& limits);

struct CleanedUp {
  std::vector<std::string> lines;  // "ClusterModelCache llama: finalizer removed"
};

struct CleanUpRequest {
  std::string ns;      // of the release
  std::string secret;  // with the CA; "" = it is somebody else's
};

// What would hold up the deletion of CRDs, namespaces or nodes, and what operator and agents made: finalizers of ours,
// CacheNodes, released volumes, taints and labels of nodes, the CA, the lease. Again is no error.
Result<CleanedUp> CleanUp(KubeClient& client, const CleanUpRequest& request, const CallLimits& limits);

// Whether every pod of this DaemonSet is ready, with the numbers. NotFound: there is none.
struct RolledOut {
  int64_t ready = 0;
  int64_t desired = 0;
};
Result<RolledOut> LookAtDaemonSet(KubeClient& client, const ObjectName& name, const CallLimits& limits);

// Its pods that are not ready: "purge-x on node n2".
Result<std::vector<std::string>> PodsNotReady(KubeClient& client, const ObjectName& daemon_set,
                                              const CallLimits& limits);

}  // namespace ballast::cli
