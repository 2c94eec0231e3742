// ModelStore: manifests, and what goes with them when they are removed.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "store/local_blob_store.h"
#include "store/local_lease_store.h"
#include "store/local_view_store.h"
#include "store/manifest_catalog.h"
#include "store/removal.h"

namespace ballast {

// Thread-safe.
class LocalModelStore final : public ModelStore {
 public:
  LocalModelStore(StorePaths paths, FileSystem& files, LocalBlobStore& blobs, ManifestCatalog& catalog,
                  LocalViewStore& views, LocalLeaseStore& leases)
      : paths_(std::move(paths)), files_(files), blobs_(blobs), catalog_(catalog), views_(views), leases_(leases) {}

  Status Put(const Manifest& manifest, const OriginRecord& origin) override;
  std::optional<StoredModel> Find(const Digest& id) const override;
  std::vector<StoredModel> List() const override;
  uint64_t AllocatedBytes(const Digest& id) const override;
  std::vector<Result<uint64_t>> RemoveAll(std::span<const Digest> ids, const std::set<Digest>& keep) override;
  std::vector<Result<uint64_t>> RemoveOrphans(std::span<const Digest> blobs) override;
  Result<std::vector<StoredModel>> Discard(const Digest& blob) override;

  // Goes on with removals that a crash cut short, and gives up models that lack a blob.
  Status FinishRemovals();
  Status ForgetIncomplete();

 private:
  using Freed = std::map<Digest, uint64_t>;  // bytes by model

  // The file that says what goes, until it has gone.
  std::string IntentPath(const Removal& removal) const;
  Status CheckBlobs(const Manifest& manifest) const;
  // OK: `id` can be found no more, and is in `removal`; or it was in one that an error had cut short, which has ended.
  Result<uint64_t> Begin(const Digest& id, const std::set<Digest>& keep, Removal& removal) REQUIRES(mutex_);
  Result<Freed> Finish(const Removal& removal) REQUIRES(mutex_);
  bool IsUnfinished(const Digest& id) const REQUIRES(mutex_);
  Result<Freed> FinishUnfinished(const Digest& id) REQUIRES(mutex_);
  Result<Freed> CarryOut(const Removal& removal) REQUIRES(mutex_);
  Result<uint64_t> FreeBlobs(const std::set<Digest>& blobs);
  Result<uint64_t> RemoveOrphan(const Digest& blob) REQUIRES(mutex_);
  Status GiveUp(const Digest& id) REQUIRES(mutex_);
  Status GiveUpView(const std::string& view);
  Status FinishAside();

  const StorePaths paths_;
  FileSystem& files_;
  LocalBlobStore& blobs_;
  ManifestCatalog& catalog_;
  LocalViewStore& views_;
  LocalLeaseStore& leases_;
  Mutex mutex_;  // puts and removals, one at a time: a blob is never removed while a manifest with it comes
  std::vector<Removal> unfinished_ GUARDED_BY(mutex_);  // that an error cut short
};

}  // namespace ballast
