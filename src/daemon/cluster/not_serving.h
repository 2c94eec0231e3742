// Why this node's agent does not serve, said in its CacheNode by a process that can't start, or waits before it does.
#pragma once

#include <string>

#include "api/condition.h"
#include "base/clock.h"
#include "base/status.h"
#include "kube/kube_client.h"

namespace ballast {

// Condition Ready=False; the agent's first status takes it back. Nothing is written where it says so already. NotFound:
// the operator has made no CacheNode of this node yet.
Status TellNotServing(KubeClient& kube, const std::string& node, Reason reason, const std::string& message,
                      const Clock& clock);

}  // namespace ballast
