// What ballast-csi must know of the mount table besides its own mounts (core/mounted_view.h). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/mountinfo.h"

namespace ballast::driver {

// A sentence with its remedy where a mount that is made below `dir` will not be seen outside this mount namespace; else
// nothing.
std::optional<std::string> PropagationProblem(const std::vector<MountInfo>& mounts, const std::string& dir);

}  // namespace ballast::driver
