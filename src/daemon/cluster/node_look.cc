#include "daemon/cluster/node_look.h"

#include <sys/stat.h>

#include <map>

#include "daemon/cluster/node_entries.h"
#include "store/boot_id.h"

namespace ballast {
namespace {

using Jobs = std::map<std::string, JobSnapshot>;

EntryFacts FactsOf(const CacheEntry& entry, const Downloader& downloader, const Jobs& jobs) {
  const Result<ModelRequest> request = RequestOf(entry);
  if (!request.ok()) {
    JobSnapshot failed{.phase = JobPhase::kFailed, .error = request.status()};
    return {.job = std::move(failed)};
  }
  EntryFacts facts;
  if (const auto here = downloader.FindHere(*request, std::nullopt)) {
    facts.here = true;
    facts.bytes = here->bytes;
  }
  if (const auto job = jobs.find(request->Key()); job != jobs.end()) facts.job = job->second;
  return facts;
}

}  // namespace

bool SharesKubeletsFilesystem(const std::string& cache_dir, const std::string& kubelets_file) {
  struct stat cache {};
  struct stat kubelet {};
  if (::stat(cache_dir.c_str(), &cache) != 0 || ::stat(kubelets_file.c_str(), &kubelet) != 0) return false;
  return cache.st_dev == kubelet.st_dev;
}

NodeFindings LookAtNode(const CacheNodeSpec& spec, const NodeParts& node) {
  Jobs jobs;
  for (JobSnapshot& job : node.manager.Jobs()) jobs.emplace(job.request.Key(), std::move(job));
  NodeFindings found{.agent = {.version = node.version, .store_format = kStoreFormat},
                     .usage = node.store.GetUsage(),
                     .room = node.store.room_limits(),
                     .shares_node_filesystem = SharesKubeletsFilesystem(node.store.root())};
  if (const Result<std::string> boot = RunningBootId(); boot.ok()) found.agent.boot_id = *boot;
  for (const CacheEntry& entry : spec.caches) found.entries.push_back(FactsOf(entry, node.downloader, jobs));
  return found;
}

}  // namespace ballast
