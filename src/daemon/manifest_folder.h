// The folder of ClusterModelCache, ModelCache and CachePolicy manifests that a node without Kubernetes follows.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/manifests.h"
#include "base/mutex.h"
#include "base/status.h"

namespace ballast {

// "ns/name" or "name": how a cache is called in logs and lists.
std::string CacheName(const ModelCache& cache);
// By `nodes` or `seeds`. There is one node without Kubernetes, this one, and whatever they select is it.
bool KeepsWarm(const ModelCache& cache);

struct ManifestSet {
  std::vector<ModelCache> caches;        // as the tenants of the policy let them be
  std::optional<PolicyManifest> policy;  // this node's; nullopt: the configuration says it all
  std::vector<std::string> problems;     // one sentence each; a bad file counts as its last good version
  std::vector<std::string> warnings;     // what a manifest says that has no effect here, with what to do instead

  friend bool operator==(const ManifestSet&, const ManifestSet&) = default;
};

// One file as it was last understood.
struct ManifestFileState {
  std::string content;  // what `manifests` or `problem` came from
  Manifests manifests;  // of its last good version
  std::string problem;  // "" = the content is good

  friend bool operator==(const ManifestFileState&, const ManifestFileState&) = default;
};
using ManifestFolderState = std::map<std::string, ManifestFileState>;

// The next state, given what the folder holds now: path -> content, or why it can't be read.
ManifestFolderState NextManifests(const ManifestFolderState& before,
                                  const std::map<std::string, Result<std::string>>& now);

// All caches in the order of their files, and the one policy that governs this node. What is named twice counts once,
// the second is a problem.
ManifestSet Effective(const ManifestFolderState& state);

// A manifest by its name: *.yaml, *.yml or *.json, and nothing that an editor or a config map leaves lying about.
bool IsManifestName(std::string_view name);

// Follows a folder by inotify, and by looking again every `rescan` where inotify sees nothing (network file systems).
// `changed` runs on the follower's thread, first before the constructor returns, then whenever the set differs.
class ManifestFolder {
 public:
  using Changed = std::function<void(const ManifestSet&)>;

  ManifestFolder(std::string folder, std::chrono::milliseconds rescan, Changed changed);
  ~ManifestFolder();
  ManifestFolder(const ManifestFolder&) = delete;
  ManifestFolder& operator=(const ManifestFolder&) = delete;

 private:
  void Rescan();
  void Follow(const std::stop_token& stop);

  const std::string folder_;
  const std::chrono::milliseconds rescan_;
  const Changed changed_;
  ManifestFolderState state_;  // of the constructor, then of the thread
  ManifestSet last_;
  int wake_ = -1;  // eventfd: stop
  std::jthread thread_;
};

}  // namespace ballast
