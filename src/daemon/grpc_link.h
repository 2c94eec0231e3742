// The control channel over gRPC.
#pragma once

#include "daemon/control_link.h"

namespace ballast {

Result<std::unique_ptr<ControlLink>> MakeGrpcLink(const ControlLinkParts& parts);

}  // namespace ballast
