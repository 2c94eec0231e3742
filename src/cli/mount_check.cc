#include "cli/mount_check.h"

#include <algorithm>
#include <filesystem>

#include "base/mountinfo.h"
#include "base/strings.h"

namespace ballast::cli {
namespace {

// A target may be seen under several paths; of ours only the kubelet's has a lease.
bool HasLease(const MountFacts& facts, const MountedView& mount) {
  return std::ranges::any_of(facts.leases, [&mount](const HeldLease& lease) {
    return lease.target_path == mount.target && lease.view == mount.view;
  });
}

bool HasMount(const MountFacts& facts, const HeldLease& lease) {
  return std::ranges::any_of(facts.mounts,
                             [&lease](const MountedView& mount) { return mount.target == lease.target_path; });
}

std::string HolderOf(const HeldLease& lease) {
  return lease.pod.empty() ? "volume " + Quoted(lease.volume_id) : "pod " + Quoted(lease.pod);
}

}  // namespace

std::vector<Finding> CheckMounts(const MountFacts& facts) {
  std::vector<Finding> findings;
  for (const MountedView& mount : facts.mounts) {
    if (mount.removed) {
      findings.push_back({"mount", mount.target, StrCat("shows ", mount.view, ", which was removed from the cache"),
                          "start the pod anew that has it mounted"});
    } else if (!HasLease(facts, mount)) {
      findings.push_back({"mount", mount.target,
                          StrCat("shows ", mount.view, " without a lease, so that its model may be removed"),
                          "start the pod anew that has it mounted; if there is none, umount it"});
    }
  }
  for (const HeldLease& lease : facts.leases) {
    if (!facts.visible.contains(lease.target_path) || HasMount(facts, lease)) continue;
    findings.push_back({"mount", lease.target_path, StrCat("has a lease of ", HolderOf(lease), " and no mount"),
                        "wait: a pod that starts gets its mount, and ballast-csi gives a lease back that nobody has "
                        "asked for in ten minutes; is it running?"});
  }
  return findings;
}

// Leases are listed first: one that is mounted after that is among the mounts.
Result<std::vector<Finding>> FindInMounts(CacheClient& cache, std::stop_token stop) {
  ASSIGN_OR_RETURN(const NodeStatus node, cache.GetStatus(stop));
  MountFacts facts;
  ASSIGN_OR_RETURN(facts.leases, cache.Leases(std::move(stop)));
  ASSIGN_OR_RETURN(const std::vector<MountInfo> mounts, ReadMountInfo());
  if (const MountInfo* holder = MountThatHolds(mounts, node.cache_dir)) {
    facts.mounts = ViewsOf(RootOf(*holder, node.cache_dir), mounts);
  }
  for (const HeldLease& lease : facts.leases) {
    std::error_code error;
    const auto parent = std::filesystem::path(lease.target_path).parent_path();
    if (std::filesystem::is_directory(parent, error)) facts.visible.insert(lease.target_path);
  }
  return CheckMounts(facts);
}

}  // namespace ballast::cli
