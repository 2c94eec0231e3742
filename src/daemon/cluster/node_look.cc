#include "daemon/cluster/node_look.h"

#include <sys/stat.h>
#include <sys/statfs.h>

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

bool OnOneDevice(const std::string& a, const std::string& b) {
  struct stat one {};
  struct stat other {};
  return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev;
}

// Two file systems may be of one size, and hardly ever have the same number of free blocks. Others write meanwhile:
// the same one seldom differs twice.
bool HaveOneRoom(const std::string& a, const std::string& b) {
  constexpr int kTries = 20;
  for (int i = 0; i < kTries; ++i) {
    struct statfs one {};
    struct statfs other {};
    if (::statfs(a.c_str(), &one) != 0 || ::statfs(b.c_str(), &other) != 0) return false;
    if (one.f_blocks == 0 || one.f_blocks != other.f_blocks || one.f_files != other.f_files) return false;
    if (one.f_bfree == other.f_bfree && one.f_ffree == other.f_ffree) return true;
  }
  return false;
}

}  // namespace

bool SharesNodeFilesystem(const std::string& cache_dir, const NodeFiles& files) {
  return OnOneDevice(cache_dir, files.kubelets) || HaveOneRoom(cache_dir, files.runtimes);
}

NodeFindings LookAtNode(const CacheNodeSpec& spec, const NodeParts& node) {
  Jobs jobs;
  for (JobSnapshot& job : node.manager.Jobs()) jobs.emplace(job.request.Key(), std::move(job));
  NodeFindings found{.agent = {.version = node.version, .store_format = kStoreFormat},
                     .usage = node.store.GetUsage(),
                     .room = node.store.room_limits(),
                     .shares_node_filesystem = node.shares_node_filesystem};
  if (const Result<std::string> boot = RunningBootId(); boot.ok()) found.agent.boot_id = *boot;
  for (const CacheEntry& entry : spec.caches) found.entries.push_back(FactsOf(entry, node.downloader, jobs));
  return found;
}

}  // namespace ballast
