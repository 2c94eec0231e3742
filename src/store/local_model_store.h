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
  Result<uint64_t> Remove(const Digest& id, const std::set<Digest>& keep) override;
  using ModelStore::Remove;
  Result<uint64_t> RemoveOrphan(const Digest& blob) override;
  Result<std::vector<StoredModel>> Discard(const Digest& blob) override;

  // Goes on with removals that a crash cut short, and gives up models that lack a blob.
  Status FinishRemovals();
  Status ForgetIncomplete();

 private:
  std::string IntentPath(const Digest& id) const { return paths_.Manifests() + "/" + id.Hex() + ".removing"; }
  Status CheckBlobs(const Manifest& manifest) const;
  Status WriteIntent(const Digest& id, const std::set<Digest>& blobs);
  Result<uint64_t> CarryOut(const Digest& id) REQUIRES(mutex_);
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
  // Removals that an error cut short, and the blobs that go with them.
  std::map<Digest, std::set<Digest>> unfinished_ GUARDED_BY(mutex_);
};

}  // namespace ballast
