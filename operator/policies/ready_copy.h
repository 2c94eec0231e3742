// What a node says of a copy that it has whole.
#pragma once

#include <algorithm>

#include "api/cache_node.h"

namespace ballast::controller {

// Of an entry of the node's spec; null: it is not whole there.
inline const CacheEntryStatus* ReadyCopy(const CacheNode& node, const CacheEntry& entry) {
  const auto& all = node.status.caches;
  const auto found = std::ranges::find_if(all, [&](const CacheEntryStatus& status) {
    return status.cache == entry.cache && status.manifest == entry.manifest && status.phase == CachePhase::kReady;
  });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace ballast::controller
