// All that the leader does, wired together.
#pragma once

#include <vector>

#include "operator/leader_task.h"

namespace ballast::controller {

// InvalidArgument: an origin of the configuration that is none. `clock` and `registry` outlive the tasks.
Result<std::vector<MakeLeaderTask>> MakeTasks(const OperatorConfig& config, const Clock& clock,
                                              prometheus::Registry& registry);

}  // namespace ballast::controller
