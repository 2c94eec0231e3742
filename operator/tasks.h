// All that the leader does, wired together.
#pragma once

#include <vector>

#include "operator/leader_task.h"
#include "peering/peer_tls.h"

namespace ballast::controller {

// InvalidArgument: an origin of the configuration that is none. `clock` and `registry` outlive the tasks. `credentials`
// gives those of ballast://operator, with which agents are asked; empty: they are not.
Result<std::vector<MakeLeaderTask>> MakeTasks(const OperatorConfig& config, const Clock& clock,
                                              prometheus::Registry& registry, const CredentialsProvider& credentials);

}  // namespace ballast::controller
