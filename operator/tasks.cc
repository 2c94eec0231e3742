#include "operator/tasks.h"

#include "operator/nodes/node_controller.h"
#include "operator/volumes/volume_controller.h"

namespace ballast::controller {

Result<std::vector<MakeLeaderTask>> MakeTasks(const OperatorConfig& /*config*/, const Clock& /*clock*/,
                                              prometheus::Registry& /*registry*/) {
  return std::vector<MakeLeaderTask>{
      [](const LeaderContext& context) { return std::make_unique<VolumeController>(context); },
      [](const LeaderContext& context) { return std::make_unique<NodeController>(context); }};
}

}  // namespace ballast::controller
