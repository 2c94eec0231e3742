#include "store/local_lease_store.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/logging.h"
#include "base/strings.h"
#include "store/lease_json.h"

namespace ballast {
namespace {

constexpr uint64_t kLeaseLimit = 1 << 16;  // bytes of a lease's file

}  // namespace

class LocalLeaseStore::Turn {
 public:
  Turn(LocalLeaseStore& store, const Digest& name) : store_(store), name_(name) {
    MutexLock lock(store_.mutex_);
    while (!store_.busy_.insert(name_).second) store_.changed_.Wait(store_.mutex_);
  }
  ~Turn() {
    MutexLock lock(store_.mutex_);
    store_.busy_.erase(name_);
    store_.changed_.NotifyAll();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  LocalLeaseStore& store_;
  const Digest name_;
};

Result<std::unique_ptr<LocalLeaseStore>> LocalLeaseStore::Open(StorePaths paths, FileSystem& files,
                                                               const std::string& boot_id, Changed changed) {
  std::unique_ptr<LocalLeaseStore> store(new LocalLeaseStore(std::move(paths), files, std::move(changed)));
  RETURN_IF_ERROR(store->DropThoseOfAnotherBoot(boot_id));
  RETURN_IF_ERROR(store->Load());
  return store;
}

Status LocalLeaseStore::DropThoseOfAnotherBoot(const std::string& boot_id) {
  constexpr uint64_t kLimit = 64;
  const auto known = ReadSmallFile(files_, paths_.Boot(), kLimit);
  if (known.ok() && *known == boot_id) return OkStatus();
  ASSIGN_OR_RETURN(const auto entries, files_.List(paths_.Leases()));
  for (const DirEntry& entry : entries) {
    const std::string path = paths_.Leases() + "/" + entry.name;
    const auto json = ReadSmallFile(files_, path, kLeaseLimit);
    const auto lease = json.ok() ? LeaseFromJson(*json) : Result<Lease>(json.status());
    RETURN_IF_ERROR(files_.Remove(path));
    if (lease.ok()) on_change_(*lease, true);  // it was in use until now
  }
  if (!entries.empty()) LOG(INFO) << Message("Dropped the leases of before the reboot").With("leases", entries.size());
  RETURN_IF_ERROR(files_.SyncDirectory(paths_.Leases()));
  return WriteSmallFile(files_, paths_.Boot(), boot_id);
}

Status LocalLeaseStore::Load() {
  ASSIGN_OR_RETURN(const auto entries, files_.List(paths_.Leases()));
  MutexLock lock(mutex_);
  for (const DirEntry& entry : entries) {
    const std::string path = paths_.Leases() + "/" + entry.name;
    if (entry.name.ends_with(".new")) {
      RETURN_IF_ERROR(files_.Remove(path));
      continue;
    }
    const auto json = ReadSmallFile(files_, path, kLeaseLimit);
    const auto lease = json.ok() ? LeaseFromJson(*json) : Result<Lease>(json.status());
    if (lease.ok()) {
      leases_.emplace(LeaseName(lease->volume_id, lease->target_path), *lease);
    } else {
      unreadable_.insert(entry.name);
      LOG(WARNING) << Message("Keeping a lease that cannot be read; no model is removed while it exists")
                          .With("file", path)
                          .With("error", lease.status());
    }
  }
  return OkStatus();
}

std::optional<Lease> LocalLeaseStore::Find(const Digest& name) const {
  MutexLock lock(mutex_);
  const auto found = leases_.find(name);
  return found == leases_.end() ? std::nullopt : std::optional(found->second);
}

Status LocalLeaseStore::Put(const Lease& lease) {
  const Digest name = LeaseName(lease.volume_id, lease.target_path);
  const Turn turn(*this, name);
  return Replace(name, lease);
}

Status LocalLeaseStore::Replace(const Digest& name, const Lease& lease) {
  ASSIGN_OR_RETURN(const std::string json, LeaseToJson(lease));
  const std::optional<Lease> before = Find(name);
  if (before == lease) return OkStatus();
  {
    MutexLock lock(mutex_);
    leases_.insert_or_assign(name, lease);  // counts from now, should a model be removed while it is being written
  }
  Status written = WriteSmallFile(files_, PathOf(name), json, Durability::kLater);
  Failpoint("lease.written");
  if (written.ok()) on_change_(lease, false);
  MutexLock lock(mutex_);
  if (written.ok()) {
    unreadable_.erase(name.Hex() + ".json");
  } else if (before) {
    leases_.insert_or_assign(name, *before);
  } else {
    leases_.erase(name);
  }
  return written;
}

Status LocalLeaseStore::Remove(const std::string& volume_id, const std::string& target_path) {
  const Digest name = LeaseName(volume_id, target_path);
  const Turn turn(*this, name);
  RETURN_IF_ERROR(IgnoreNotFound(files_.Remove(PathOf(name))));
  const std::optional<Lease> lease = Find(name);
  {
    MutexLock lock(mutex_);
    unreadable_.erase(name.Hex() + ".json");
    leases_.erase(name);
  }
  Failpoint("lease.removed");
  if (lease) on_change_(*lease, true);
  return OkStatus();
}

std::vector<Lease> LocalLeaseStore::List() const {
  MutexLock lock(mutex_);
  std::vector<Lease> leases;
  for (const auto& [name, lease] : leases_) leases.push_back(lease);
  return leases;
}

Status LocalLeaseStore::ChangeThoseOf(const std::string& view, const std::function<void(Lease&)>& change) {
  for (const Lease& listed : List()) {
    if (listed.view != view) continue;
    const Digest name = LeaseName(listed.volume_id, listed.target_path);
    const Turn turn(*this, name);
    std::optional<Lease> lease = Find(name);
    if (!lease || lease->view != view) continue;
    change(*lease);
    RETURN_IF_ERROR(Replace(name, *lease));
  }
  return OkStatus();
}

Status LocalLeaseStore::MoveTo(const std::string& before, const std::string& after) {
  return ChangeThoseOf(before, [&](Lease& lease) { lease.view = after; });
}

Status LocalLeaseStore::NameModel(const std::string& view, const Digest& manifest) {
  return ChangeThoseOf(view, [&](Lease& lease) {
    if (!lease.manifest) lease.manifest = manifest;
  });
}

bool LocalLeaseStore::Names(const std::string& view) const {
  MutexLock lock(mutex_);
  return std::ranges::any_of(leases_, [&](const auto& one) { return one.second.view == view; });
}

std::vector<std::string> LocalLeaseStore::Unreadable() const {
  MutexLock lock(mutex_);
  std::vector<std::string> paths;
  for (const std::string& name : unreadable_) paths.push_back("leases/" + name);
  return paths;
}

Status LocalLeaseStore::CheckUnused(const std::optional<Digest>& manifest,
                                    const std::vector<std::string>& views) const {
  MutexLock lock(mutex_);
  if (!unreadable_.empty()) {
    return FailedPrecondition(StrCat("the lease file ", paths_.Leases(), "/", *unreadable_.begin(),
                                     " cannot be read and may stand for this model; remove the file if no pod uses it, "
                                     "then restart ballastd"));
  }
  for (const auto& [name, lease] : leases_) {
    const bool uses =
        (manifest && lease.manifest == manifest) || std::find(views.begin(), views.end(), lease.view) != views.end();
    if (!uses) continue;
    return FailedPrecondition(
        StrCat(lease.pod.empty() ? "volume " + Quoted(lease.volume_id) : "pod " + Quoted(lease.pod), " uses it at ",
               Quoted(lease.target_path), "; delete the pod first"));
  }
  return OkStatus();
}

}  // namespace ballast
