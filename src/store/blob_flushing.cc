// LocalBlobStore: thousands of small blobs become durable together.
#include "base/failpoint.h"
#include "base/logging.h"
#include "base/strings.h"
#include "store/local_blob_store.h"

namespace ballast {

Status LocalBlobStore::Flush() {
  MutexLock flush_lock(flush_mutex_);
  std::vector<Digest> pending;
  {
    MutexLock lock(mutex_);
    for (const auto& [digest, size] : pending_) pending.push_back(digest);
  }
  if (pending.empty()) return OkStatus();
  if (const Status synced = SyncPending(pending); !synced.ok()) {
    DropPending(pending);
    return DataLoss(
        StrCat("the disk lost ", pending.size(), " small files (", synced.message(), "); they are fetched again"));
  }
  Failpoint("flush.synced");
  return Publish(pending);
}

// Many at once: together with all else that others wrote to this disk. A few do not wait for that.
Status LocalBlobStore::SyncPending(const std::vector<Digest>& pending) {
  constexpr size_t kMany = 32;
  if (pending.size() > kMany) return files_.SyncAll(paths_.root);
  for (const Digest& digest : pending) {
    const auto file = files_.Open(paths_.PendingBlob(digest), OpenMode::kRead);
    if (file.status().code() == StatusCode::kNotFound) continue;  // an earlier flush synced and renamed it
    if (!file.ok()) return file.status();
    RETURN_IF_ERROR((*file)->Sync());
  }
  return OkStatus();
}

Status LocalBlobStore::Publish(const std::vector<Digest>& pending) {
  for (const Digest& digest : pending) {
    // Not found: an earlier flush got so far and then failed.
    RETURN_IF_ERROR(IgnoreNotFound(files_.Rename(paths_.PendingBlob(digest), paths_.Blob(digest))));
  }
  RETURN_IF_ERROR(files_.SyncDirectory(paths_.Blobs()));
  MutexLock lock(mutex_);
  for (const Digest& digest : pending) {
    index_.SetDurable(digest);
    pending_bytes_ -= pending_.at(digest);
    pending_.erase(digest);
  }
  return OkStatus();
}

void LocalBlobStore::DropPending(const std::vector<Digest>& pending) {
  for (const Digest& digest : pending) {
    const Status removed = files_.Remove(paths_.PendingBlob(digest));
    if (!removed.ok()) LOG(WARNING) << Message("Cannot remove a lost file").With("error", removed);
    MutexLock lock(mutex_);
    index_.Remove(digest);
    pending_bytes_ -= pending_.at(digest);
    pending_.erase(digest);
  }
}

}  // namespace ballast
