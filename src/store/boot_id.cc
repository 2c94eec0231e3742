#include "store/boot_id.h"

#include <fstream>

namespace ballast {

Result<std::string> RunningBootId() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  if (!(in >> id)) return Internal("cannot read /proc/sys/kernel/random/boot_id");
  return id;
}

}  // namespace ballast
