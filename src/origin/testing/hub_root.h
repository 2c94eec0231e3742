// Repositories from a folder; README.md says how it is laid out.
#pragma once

#include <filesystem>

#include "base/status.h"

namespace ballast::hub {

class StandIn;

// Publishes all repositories below `root` (nothing if it is empty).
Status LoadRoot(StandIn& hub, const std::filesystem::path& root);

}  // namespace ballast::hub
