#include "base/thread.h"

#include <cstdio>
#include <cstdlib>

namespace ballast {

void EndForLackOfThreads(const std::system_error& error) {
  std::fprintf(stderr,
               "cannot start a thread: %s; raise the limit of processes (pids.max of the cgroup, LimitNPROC of the "
               "unit, or ulimit -u)\n",
               error.code().message().c_str());
  std::_Exit(EXIT_FAILURE);
}

}  // namespace ballast
