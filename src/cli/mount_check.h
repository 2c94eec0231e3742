// Whether each mount of a view has its lease, and each lease its mount.
#pragma once

#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/cache_client.h"
#include "core/finding.h"
#include "core/mounted_view.h"

namespace ballast::cli {

struct MountFacts {
  std::vector<HeldLease> leases;
  std::vector<MountedView> mounts;  // as they are seen from here
  std::set<std::string> visible;    // targets whose parent directory is seen from here: of others nothing is known
};
// Pure. Where no mount and no target can be seen, nothing is found.
std::vector<Finding> CheckMounts(const MountFacts& facts);

// The same of this mount namespace. One look: a publish is between its lease and its mount for a moment.
Result<std::vector<Finding>> FindInMounts(CacheClient& cache, std::stop_token stop);

}  // namespace ballast::cli
