#include "daemon/manifest_folder.h"

#include <dirent.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/errno_status.h"
#include "base/logging.h"
#include "base/small_file.h"
#include "base/strings.h"
#include "base/thread.h"
#include "base/unique_fd.h"
#include "daemon/folder_policy.h"

namespace ballast {
namespace {

constexpr size_t kMaxManifest = 1 << 20;
constexpr uint32_t kEvents =
    IN_CREATE | IN_DELETE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
// Several files that are saved together are read together.
constexpr std::chrono::milliseconds kSettle{50};

Result<std::map<std::string, Result<std::string>>> ReadFolder(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), &::closedir);
  if (dir == nullptr) return ErrnoStatus(errno, "read the manifests folder " + folder);
  std::map<std::string, Result<std::string>> files;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (!IsManifestName(entry->d_name)) continue;
    const std::string path = StrCat(folder, "/", entry->d_name);
    Result<std::string> content = ReadSmallFile(path, kMaxManifest);
    if (content.status().code() == StatusCode::kNotFound) continue;  // went meanwhile
    files.emplace(path, std::move(content));
  }
  return files;
}

// A file that was not understood keeps what its last good version said.
ManifestFileState NextFile(const ManifestFileState* before, const std::string& path, const Result<std::string>& now) {
  if (before != nullptr && now.ok() && before->content == *now) return *before;
  ManifestFileState next{.content = now.ok() ? *now : "",
                         .manifests = before == nullptr ? Manifests() : before->manifests};
  Result<Manifests> manifests = now.ok() ? ParseManifests(*now, path) : now.status();
  if (manifests.ok()) {
    next.manifests = *std::move(manifests);
  } else {
    next.problem = manifests.status().message();
  }
  return next;
}

// Kubernetes' Secrets are the operator's to read.
std::string TokenWarning(const std::string& path, const ModelCache& cache) {
  return StrCat(path, ": cache ", Quoted(CacheName(cache)), ": tokenSecretRef is not read without Kubernetes; put the ",
                "token into a file and name it as tokenFile of the origin",
                cache.spec.source.origin.empty() ? "" : " " + Quoted(cache.spec.source.origin),
                " in ballastd's configuration");
}

// A manifest that is gone says nothing any more.
std::string KeepWarning(const std::string& path, const ModelCache& cache) {
  return StrCat(
      path, ": cache ", Quoted(CacheName(cache)), ": gc.onDelete: Keep has no effect without Kubernetes: when ",
      "its manifest is removed, its copies are those of no cache, which go first when room is needed; to keep ",
      "them as copies on demand, leave the manifest and take `nodes` and `seeds` out of it");
}

// One node is no cluster.
std::string ClusterQuotaWarning(const std::string& path, const ModelCache& cache) {
  return StrCat(path, ": cache ", Quoted(CacheName(cache)), ": gc.clusterQuota has no effect without Kubernetes; to ",
                "limit this node, give a CachePolicy disk.quota, or the cache's tenant a quotaPerNode");
}

// Out of files, each thing once.
class Gatherer {
 public:
  void Add(const std::string& path, const ManifestFileState& file) {
    if (!file.problem.empty()) {
      set_.problems.push_back(
          StrCat(file.problem, file.manifests.empty() ? "" : "; its last good version stays in effect"));
    }
    for (const ModelCache& cache : file.manifests.caches) AddCache(path, cache);
    for (const PolicyManifest& policy : file.manifests.policies) {
      if (IsFirst(path, "CachePolicy", "policy", policy.policy.metadata.name)) policies_.push_back(policy);
    }
  }

  ManifestSet Done() {
    set_.policy = ChoosePolicy(policies_, set_.problems);
    if (set_.policy) ApplyTenants(set_.policy->policy, set_.caches, set_.problems, set_.warnings);
    return std::move(set_);
  }

 private:
  void AddCache(const std::string& path, const ModelCache& cache) {
    if (!IsFirst(path, cache.cluster_scoped ? "ClusterModelCache" : "ModelCache", "cache", CacheName(cache))) return;
    set_.caches.push_back(cache);
    if (cache.spec.source.token_secret_ref) set_.warnings.push_back(TokenWarning(path, cache));
    if (cache.spec.gc.on_delete == OnDelete::kKeep) set_.warnings.push_back(KeepWarning(path, cache));
    if (cache.spec.gc.cluster_quota) set_.warnings.push_back(ClusterQuotaWarning(path, cache));
  }

  bool IsFirst(const std::string& path, const std::string& kind, const std::string& noun, const std::string& name) {
    const auto [first, added] = seen_.emplace(std::pair(kind, name), path);
    if (!added) {
      set_.problems.push_back(StrCat(path, ": a ", noun, " named ", Quoted(name), " is also in ", first->second,
                                     ", which counts; remove one of them"));
    }
    return added;
  }

  ManifestSet set_;
  std::vector<PolicyManifest> policies_;
  std::map<std::pair<std::string, std::string>, std::string> seen_;  // kind and name -> file
};

// Each of `now` that was not told before.
template <typename Tell>
void TellNew(const std::vector<std::string>& now, const std::vector<std::string>& before, Tell tell) {
  for (const std::string& text : now) {
    if (std::find(before.begin(), before.end(), text) == before.end()) tell(text);
  }
}

}  // namespace

std::string CacheName(const ModelCache& cache) {
  const ObjectMeta& meta = cache.metadata;
  return cache.cluster_scoped ? meta.name : StrCat(meta.object_namespace, "/", meta.name);
}

bool KeepsWarm(const ModelCache& cache) {
  return cache.spec.nodes.has_value() || (cache.spec.seeds && cache.spec.seeds->count > 0);
}

bool IsManifestName(std::string_view name) {
  if (name.empty() || name.front() == '.' || name.front() == '#' || name.front() == '~') return false;
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

ManifestFolderState NextManifests(const ManifestFolderState& before,
                                  const std::map<std::string, Result<std::string>>& now) {
  ManifestFolderState next;
  for (const auto& [path, content] : now) {
    const auto known = before.find(path);
    next.emplace(path, NextFile(known == before.end() ? nullptr : &known->second, path, content));
  }
  return next;
}

ManifestSet Effective(const ManifestFolderState& state) {
  Gatherer gatherer;
  for (const auto& [path, file] : state) gatherer.Add(path, file);
  return gatherer.Done();
}

ManifestFolder::ManifestFolder(std::string folder, std::chrono::milliseconds rescan, Changed changed)
    : folder_(std::move(folder)),
      rescan_(rescan),
      changed_(std::move(changed)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  Rescan();
  changed_(last_);
  thread_ = StartThread([this](const std::stop_token& stop) { Follow(stop); });
}

ManifestFolder::~ManifestFolder() {
  thread_.request_stop();
  const uint64_t one = 1;
  if (::write(wake_, &one, sizeof one) < 0)
    LOG(ERROR) << Message("Cannot wake the manifest follower").With("errno", errno);
  thread_.join();
  ::close(wake_);
}

void ManifestFolder::Rescan() {
  const Result<std::map<std::string, Result<std::string>>> files = ReadFolder(folder_);
  if (files.ok()) state_ = NextManifests(state_, *files);
  ManifestSet set = Effective(state_);
  if (!files.ok()) {
    set.problems.push_back(
        files.status().message() +
        "; create it, or correct `manifests` in the configuration; what is known so far stays in effect");
  }
  TellNew(set.problems, last_.problems, [](const std::string& text) { LOG(ERROR) << Message(text); });
  TellNew(set.warnings, last_.warnings, [](const std::string& text) { LOG(WARNING) << Message(text); });
  last_ = std::move(set);
}

void ManifestFolder::Follow(const std::stop_token& stop) {
  UniqueFd events;
  while (!stop.stop_requested()) {
    if (!events.valid()) {  // the first time, and again after the folder itself went
      events = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
      if (::inotify_add_watch(events.get(), folder_.c_str(), kEvents | IN_ONLYDIR) < 0) events.Reset();
    }
    const ManifestSet before = last_;
    Rescan();  // after the watch is set: what changed before it is seen here, what changes later wakes us
    if (last_ != before) changed_(last_);
    std::array<pollfd, 2> fds{{{.fd = wake_, .events = POLLIN}, {.fd = events.get(), .events = POLLIN}}};
    if (::poll(fds.data(), fds.size(), static_cast<int>(rescan_.count())) <= 0 || fds[1].revents == 0) continue;
    ::poll(fds.data(), 1, static_cast<int>(kSettle.count()));
    alignas(inotify_event) std::array<char, 16384> buffer;
    bool gone = false;
    for (ssize_t n; (n = ::read(events.get(), buffer.data(), buffer.size())) > 0;) {
      for (ssize_t at = 0; at < n;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        gone = gone || (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0;
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
    if (gone) events.Reset();
  }
}

}  // namespace ballast
