#include "origin/origin.h"

namespace ballast {

uint64_t ResolvedModel::TotalBytes() const {
  uint64_t total = 0;
  for (const RemoteFile& file : files) total += file.size;
  return total;
}

}  // namespace ballast
