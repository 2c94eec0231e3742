#include "base/strings.h"
#include "csi/node_server.h"

namespace ballast::driver {

Result<VolumeStats> NodeServer::Stats(const std::string& volume_id, const std::string& volume_path) {
  RETURN_IF_ERROR(CheckVolumeId(volume_id));
  if (volume_path.empty()) return InvalidArgument("the volume path is missing");
  const Status unknown = NotFound(StrCat("no volume is published at ", Quoted(volume_path), " on this node"));
  const auto path = NormalizedTarget(volume_path);
  if (!path.ok()) return unknown;
  ASSIGN_OR_RETURN(const TargetState state, parts_.mounter.Inspect(*path));
  if (state.kind != TargetKind::kView) return unknown;
  VolumeStats stats{.message = "the model is mounted"};
  ASSIGN_OR_RETURN(stats.usage, parts_.mounter.Usage());
  if (state.view.removed) {
    stats.abnormal = true;
    stats.message =
        StrCat("the view ", state.view.view, " was removed from the cache while it was mounted; restart the pod");
  }
  return stats;
}

}  // namespace ballast::driver
