// LeaseStore on a local disk: a file per lease.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/mutex.h"
#include "store/store.h"
#include "store/store_paths.h"

namespace ballast {

// Thread-safe. A lease stands for a mount, and no mount outlives its boot: so leases are not synced (the page cache is
// as lasting as the mount), and those of another boot are dropped at start.
class LocalLeaseStore final : public LeaseStore {
 public:
  // Called after each lease that was put or removed, without a lock.
  using Changed = std::function<void(const Lease& lease, bool removed)>;

  static Result<std::unique_ptr<LocalLeaseStore>> Open(StorePaths paths, FileSystem& files, const std::string& boot_id,
                                                       Changed changed);

  Status Put(const Lease& lease) override;
  Status Remove(const std::string& volume_id, const std::string& target_path) override;
  std::vector<Lease> List() const override;
  Status NameModel(const std::string& view, const Digest& manifest) override;

  // Leases of the view `before` are of `after` now.
  Status MoveTo(const std::string& before, const std::string& after);
  bool Names(const std::string& view) const;
  std::vector<std::string> Unreadable() const;  // paths relative to the root

  // FailedPrecondition with the pod or volume that uses the model or one of the views; or with a lease file that can't
  // be read, which may stand for any.
  Status CheckUnused(const std::optional<Digest>& manifest, const std::vector<std::string>& views) const;

 private:
  // One at a time for each lease.
  class Turn;

  LocalLeaseStore(StorePaths paths, FileSystem& files, Changed changed)
      : paths_(std::move(paths)), files_(files), on_change_(std::move(changed)) {}

  Status DropThoseOfAnotherBoot(const std::string& boot_id);
  Status Load();
  std::optional<Lease> Find(const Digest& name) const;
  // Of a lease that has its turn.
  Status Replace(const Digest& name, const Lease& lease);
  // Each lease of the view, as it is when its turn comes: one that was removed meanwhile stays away.
  Status ChangeThoseOf(const std::string& view, const std::function<void(Lease&)>& change);
  std::string PathOf(const Digest& name) const { return paths_.Leases() + "/" + name.Hex() + ".json"; }

  const StorePaths paths_;
  FileSystem& files_;
  const Changed on_change_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::map<Digest, Lease> leases_ GUARDED_BY(mutex_);
  std::set<std::string> unreadable_ GUARDED_BY(mutex_);  // file names
  std::set<Digest> busy_ GUARDED_BY(mutex_);
};

}  // namespace ballast
