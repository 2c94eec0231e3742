#include "base/file_limit.h"

#include <sys/resource.h>

namespace ballast {

void RaiseFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // it always may
}

}  // namespace ballast
