#include "operator/tasks.h"

namespace ballast::controller {

Result<std::vector<MakeLeaderTask>> MakeTasks(const OperatorConfig& /*config*/, const Clock& /*clock*/,
                                              prometheus::Registry& /*registry*/) {
  return std::vector<MakeLeaderTask>{};
}

}  // namespace ballast::controller
