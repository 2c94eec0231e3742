// What the operator hears of this node's models (proto/agent.proto). Pure.
#pragma once

#include <vector>

#include "daemon/cluster/node_status.h"
#include "proto/agent.pb.h"
#include "store/store.h"

namespace ballast {

agent::v1::ProgressResponse ProgressOf(const CacheNode& node, const NodeFindings& found,
                                       const std::vector<Lease>& leases);

}  // namespace ballast
