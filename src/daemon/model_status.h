// Where the bytes of a model come from and go to, for people. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/daemon_swarm.h"
#include "daemon/inventory.h"
#include "proto/cache.pb.h"

namespace ballast {

// Of the downloads under way and the stored models that `model` names (as SelectModels has it). NotFound offers the
// nearest name.
Result<std::vector<cache::v1::ModelTransfers>> TransfersOf(const NodeView& node, const std::string& model,
                                                           const std::function<ModelSwarmView(const Digest&)>& view_of);

}  // namespace ballast
