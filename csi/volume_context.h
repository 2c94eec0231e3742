// The attributes of a volume (volumeAttributes of a PV or of an inline volume, plus what the kubelet adds) as a value.
// Pure.
#pragma once

#include <map>
#include <string>

#include "base/status.h"
#include "csi/cache_client.h"

namespace ballast::driver {

struct VolumeContext {
  ModelOrder order;
  std::string pod;      // "namespace/name", "" where the kubelet did not say (podInfoOnMount)
  std::string pod_uid;  // the same

  friend bool operator==(const VolumeContext&, const VolumeContext&) = default;
};

// clusterCache | cache | source, revision, manifest, layout (plain | hf | hf-repo), publish (WhenReady | Early);
// csi.storage.k8s.io/ and storage.kubernetes.io/ keys are Kubernetes' own and others of theirs are passed over.
// InvalidArgument names the key, what is wrong with it, and the nearest valid one.
Result<VolumeContext> ParseVolumeContext(const std::map<std::string, std::string>& attributes);

}  // namespace ballast::driver
