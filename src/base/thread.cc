#include "base/thread.h"

#include <cstdio>
#include <cstdlib>

namespace ballast {

void EndForLackOfThreads(const std::system_error& error) {
  std::fprintf(stderr, "cannot start a thread: %s; %s\n", error.code().message().c_str(), kMoreThreads);
  std::_Exit(EXIT_FAILURE);
}

}  // namespace ballast
