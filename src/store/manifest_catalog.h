// The manifests of the store, what origins said of them, and when they were used last.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/store.h"
#include "store/store_paths.h"
#include "store/watched_time.h"

namespace ballast {

// Adds what an origin said now to what is known: one record per uri and commit, the newest first; revision names of the
// same commit are kept together. Pure.
std::vector<OriginRecord> MergeOrigins(std::vector<OriginRecord> known, const OriginRecord& said);

struct LastUse {
  int64_t unix = 0;  // seconds; 0 = never
  WatchedTime::Value watched{0};
};

// Thread-safe.
class ManifestCatalog {
 public:
  // `watched` outlives it, and has reached every use that is recorded.
  static Result<std::unique_ptr<ManifestCatalog>> Open(StorePaths paths, FileSystem& files, const Clock& clock,
                                                       WatchedTime& watched);

  Status Put(const Manifest& manifest, const OriginRecord& origin);
  // What changes with use is not kept in it: Describe().
  std::shared_ptr<const StoredModel> Find(const Digest& id) const;
  std::optional<StoredModel> Describe(const Digest& id) const;
  std::vector<std::shared_ptr<const StoredModel>> List() const;
  // Now. Best effort: written, but not synced.
  void Touch(const Digest& id);

  // A model that is being removed is found no more, but its blobs count as referenced until Forget().
  void Hide(const Digest& id);
  void Show(const Digest& id);
  Status Forget(std::span<const Digest> ids);

  // How many manifests hold the blob.
  uint32_t References(const Digest& blob) const;
  uint64_t AllocatedBytes() const;

 private:
  struct Entry {
    std::shared_ptr<const StoredModel> model;
    uint64_t allocated = 0;
    LastUse last_use;
    bool hidden = false;
  };

  ManifestCatalog(StorePaths paths, FileSystem& files, const Clock& clock, WatchedTime& watched)
      : paths_(std::move(paths)), files_(files), clock_(clock), watched_(watched) {}

  Status Load();
  Result<StoredModel> ReadModel(const Digest& id);
  Result<std::vector<OriginRecord>> ReadOrigins(const Digest& id);
  LastUse ReadLastUse(const Digest& id);
  void Insert(StoredModel model) REQUIRES(mutex_);
  void Drop(const Digest& id) REQUIRES(mutex_);
  std::string PathOf(const Digest& id, const char* suffix) const {
    return paths_.Manifests() + "/" + id.Hex() + suffix;
  }

  const StorePaths paths_;
  FileSystem& files_;
  const Clock& clock_;
  WatchedTime& watched_;
  Mutex write_mutex_;  // taken before mutex_; one write at a time
  mutable Mutex mutex_;
  std::map<Digest, Entry> models_ GUARDED_BY(mutex_);
  std::unordered_map<Digest, uint32_t> references_ GUARDED_BY(mutex_);
};

}  // namespace ballast
