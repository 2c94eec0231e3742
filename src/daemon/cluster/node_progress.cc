#include "daemon/cluster/node_progress.h"

#include <algorithm>

#include "api/cache_node_fields.h"
#include "daemon/inventory.h"

namespace ballast {
namespace {

using Entry = agent::v1::ProgressResponse::Entry;

void SetHowFar(const EntryFacts& facts, Entry& entry) {
  if (facts.here) {
    entry.set_bytes_done(facts.bytes);
    entry.set_bytes_total(facts.bytes);
  } else if (facts.job) {
    const JobProgress& progress = facts.job->progress;
    entry.set_bytes_done(progress.bytes_done);
    entry.set_bytes_total(progress.bytes_total);
    entry.set_bytes_per_second(progress.bytes_per_second);
    entry.set_message(facts.job->error.ok() ? progress.waiting_for : facts.job->error.message());
  }
}

uint32_t MountsOf(const std::vector<Lease>& leases, const std::string& manifest) {
  return static_cast<uint32_t>(std::count_if(leases.begin(), leases.end(), [&](const Lease& lease) {
    return lease.manifest && lease.manifest->ToString() == manifest;
  }));
}

}  // namespace

agent::v1::ProgressResponse ProgressOf(const CacheNode& node, const NodeFindings& found,
                                       const std::vector<Lease>& leases) {
  agent::v1::ProgressResponse response;
  for (size_t i = 0; i < node.spec.caches.size(); ++i) {
    const CacheEntry& listed = node.spec.caches[i];
    Entry& entry = *response.add_entries();
    entry.set_cache(listed.cache);
    entry.set_manifest(listed.manifest);
    entry.set_phase(std::string(NameOf(kCachePhases, PhaseOf(found.entries[i]))));
    entry.set_mounts(MountsOf(leases, listed.manifest));
    SetHowFar(found.entries[i], entry);
  }
  return response;
}

}  // namespace ballast
