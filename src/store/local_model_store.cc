#include "store/local_model_store.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/logging.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr std::string_view kIntentSuffix = ".removing";

}  // namespace

Status LocalModelStore::CheckBlobs(const Manifest& manifest) const {
  for (const ManifestFile& file : manifest.files()) {
    const auto size = blobs_.Size(file.digest);
    if (!size) {
      return Aborted(
          StrCat(Quoted(file.path.str()), " (", file.digest.ToString(), ") is not here; fetch the model again"));
    }
    if (*size != file.size) {
      return InvalidArgument(StrCat(Quoted(file.path.str()), " has ", *size, " bytes, the manifest says ", file.size));
    }
  }
  return OkStatus();
}

Status LocalModelStore::Put(const Manifest& manifest, const OriginRecord& origin) {
  MutexLock lock(mutex_);
  if (IsUnfinished(manifest.Id())) RETURN_IF_ERROR(FinishUnfinished(manifest.Id()).status());
  RETURN_IF_ERROR(blobs_.Flush());
  RETURN_IF_ERROR(CheckBlobs(manifest));
  RETURN_IF_ERROR(catalog_.Put(manifest, origin));
  catalog_.Touch(manifest.Id());
  return OkStatus();
}

std::optional<StoredModel> LocalModelStore::Find(const Digest& id) const { return catalog_.Describe(id); }

std::vector<StoredModel> LocalModelStore::List() const {
  std::vector<StoredModel> models;
  std::map<Digest, std::vector<Digest>> generated = views_.Generated();
  for (const auto& model : catalog_.List()) {
    auto described = catalog_.Describe(model->id);
    if (!described) continue;
    if (const auto made = generated.find(model->id); made != generated.end()) described->generated = made->second;
    models.push_back(*std::move(described));
  }
  return models;
}

uint64_t LocalModelStore::AllocatedBytes(const Digest& id) const {
  const auto model = catalog_.Find(id);
  if (model == nullptr) return 0;
  std::set<Digest> alone;
  for (const ManifestFile& file : model->manifest.files()) {
    if (catalog_.References(file.digest) == 1) alone.insert(file.digest);
  }
  uint64_t bytes = 0;
  for (const Digest& digest : alone) {
    const auto entry = blobs_.Find(digest);
    if (entry) bytes += entry->allocated;
  }
  return bytes;
}

std::vector<Result<uint64_t>> LocalModelStore::RemoveAll(std::span<const Digest> ids, const std::set<Digest>& keep) {
  MutexLock lock(mutex_);
  Removal removal;
  std::vector<Result<uint64_t>> results;
  results.reserve(ids.size());
  for (const Digest& id : ids) results.push_back(Begin(id, keep, removal));
  if (removal.empty()) return results;
  const Result<Freed> freed = Finish(removal);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!results[i].ok() || !removal.contains(ids[i])) continue;
    results[i] = freed.ok() ? Result<uint64_t>(freed->at(ids[i])) : freed.status();
  }
  return results;
}

// First the model is found no more, then the leases are asked: a publish that comes later finds no model, one that came
// earlier is seen here.
Result<uint64_t> LocalModelStore::Begin(const Digest& id, const std::set<Digest>& keep, Removal& removal) {
  if (IsUnfinished(id)) {
    ASSIGN_OR_RETURN(const Freed freed, FinishUnfinished(id));
    return freed.at(id);
  }
  const auto model = catalog_.Find(id);
  if (model == nullptr) return NotFound(StrCat("the model ", id.ToString(), " is not here"));
  catalog_.Hide(id);
  if (Status allowed = leases_.CheckUnused(id, views_.ViewsOf(id)); !allowed.ok()) {
    catalog_.Show(id);
    return allowed;
  }
  std::set<Digest>& blobs = removal[id];
  for (const ManifestFile& file : model->manifest.files()) blobs.insert(file.digest);
  for (const Digest& digest : views_.GeneratedFor(id)) blobs.insert(digest);
  for (const Digest& digest : keep) blobs.erase(digest);
  return uint64_t{0};
}

std::vector<Result<uint64_t>> LocalModelStore::RemoveOrphans(std::span<const Digest> blobs) {
  if (blobs.empty()) return {};
  MutexLock lock(mutex_);
  std::vector<Result<uint64_t>> results;
  results.reserve(blobs.size());
  for (const Digest& blob : blobs) results.push_back(RemoveOrphan(blob));
  const Status synced = files_.SyncDirectory(paths_.Blobs());
  if (!synced.ok()) std::ranges::fill(results, Result<uint64_t>(synced));
  return results;
}

Result<uint64_t> LocalModelStore::RemoveOrphan(const Digest& blob) {
  const auto entry = blobs_.Find(blob);
  if (!entry) return NotFound(StrCat("the blob ", blob.ToString(), " is not here"));
  if (catalog_.References(blob) > 0) return FailedPrecondition(StrCat("a model holds the blob ", blob.ToString()));
  ASSIGN_OR_RETURN(const bool removed, blobs_.RemoveUnlinked(blob));
  if (!removed) return FailedPrecondition(StrCat("a view links to the blob ", blob.ToString()));
  return entry->allocated;
}

// The blob goes first: a model that lacks one is given up at the next start, too.
Result<std::vector<StoredModel>> LocalModelStore::Discard(const Digest& blob) {
  MutexLock lock(mutex_);
  std::vector<StoredModel> holders;
  for (const StoredModel& model : List()) {
    if (model.manifest.Holds(blob)) holders.push_back(model);
  }
  RETURN_IF_ERROR(blobs_.Drop(blob));
  Failpoint("discard.blob_gone");
  for (const StoredModel& model : holders) RETURN_IF_ERROR(GiveUp(model.id));
  for (const std::string& view : views_.ViewsWithGenerated(blob)) RETURN_IF_ERROR(GiveUpView(view));
  return holders;
}

// Its blobs stay: they need not be fetched again.
Status LocalModelStore::GiveUp(const Digest& id) {
  RETURN_IF_ERROR(FinishAside());
  for (const std::string& view : views_.ViewsOf(id)) RETURN_IF_ERROR(GiveUpView(view));
  Failpoint("discard.views_gone");
  return catalog_.Forget({&id, 1});
}

Status LocalModelStore::GiveUpView(const std::string& view) {
  if (leases_.CheckUnused(std::nullopt, {view}).ok()) return views_.RemoveOne(view);
  RETURN_IF_ERROR(views_.SetAside(view).status());
  return FinishAside();
}

// A view that was set aside while its leases call it by its old name is mounted all the same.
Status LocalModelStore::FinishAside() {
  for (const auto& [before, after] : views_.Aside()) RETURN_IF_ERROR(leases_.MoveTo(before, after));
  return OkStatus();
}

Status LocalModelStore::ForgetIncomplete() {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(FinishAside());
  for (const StoredModel& model : List()) {
    const Status whole = CheckBlobs(model.manifest);
    if (whole.ok()) continue;
    LOG(WARNING) << Message("Giving up a model that is not whole; it is fetched again where it is wanted")
                        .With("manifest", model.id)
                        .With("why", whole);
    RETURN_IF_ERROR(GiveUp(model.id));
  }
  return OkStatus();
}

// ---- a removal

std::string LocalModelStore::IntentPath(const Removal& removal) const {
  return StrCat(paths_.Manifests(), "/", removal.begin()->first.Hex(), kIntentSuffix);
}

bool LocalModelStore::IsUnfinished(const Digest& id) const {
  return std::ranges::any_of(unfinished_, [&](const Removal& removal) { return removal.contains(id); });
}

Result<LocalModelStore::Freed> LocalModelStore::FinishUnfinished(const Digest& id) {
  const auto found = std::ranges::find_if(unfinished_, [&](const Removal& removal) { return removal.contains(id); });
  ASSIGN_OR_RETURN(Freed freed, CarryOut(*found));
  unfinished_.erase(found);
  return freed;
}

Result<LocalModelStore::Freed> LocalModelStore::Finish(const Removal& removal) {
  const Status written = WriteSmallFile(files_, IntentPath(removal), RemovalToText(removal));
  if (!written.ok()) (void)files_.Remove(IntentPath(removal));  // it may be there, but not for good
  // A full disk must not keep itself full: after a crash blobs of the removal are found as what nobody holds.
  if (!written.ok() && written.code() != StatusCode::kResourceExhausted) {
    for (const auto& [id, blobs] : removal) catalog_.Show(id);
    return written;
  }
  Failpoint("remove.intended");
  Result<Freed> freed = CarryOut(removal);
  if (!freed.ok()) unfinished_.push_back(removal);
  return freed;
}

// Each step may be done already: after a crash or an error it begins again here.
Result<LocalModelStore::Freed> LocalModelStore::CarryOut(const Removal& removal) {
  std::vector<Digest> ids;
  for (const auto& [id, blobs] : removal) ids.push_back(id);
  RETURN_IF_ERROR(views_.RemoveViewsOf(ids));
  Failpoint("remove.views_gone");
  RETURN_IF_ERROR(catalog_.Forget(ids));
  Failpoint("remove.manifest_gone");
  Freed freed;
  for (const auto& [id, blobs] : removal) {
    ASSIGN_OR_RETURN(freed[id], FreeBlobs(blobs));
  }
  RETURN_IF_ERROR(files_.SyncDirectory(paths_.Blobs()));
  Failpoint("remove.blobs_gone");
  RETURN_IF_ERROR(IgnoreNotFound(files_.Remove(IntentPath(removal))));
  RETURN_IF_ERROR(files_.SyncDirectory(paths_.Manifests()));
  return freed;
}

Result<uint64_t> LocalModelStore::FreeBlobs(const std::set<Digest>& blobs) {
  uint64_t freed = 0;
  for (const Digest& digest : blobs) {
    const auto entry = blobs_.Find(digest);
    if (!entry || catalog_.References(digest) > 0) continue;
    ASSIGN_OR_RETURN(const bool removed, blobs_.RemoveUnlinked(digest));
    if (removed) freed += entry->allocated;
    Failpoint("remove.blob_gone");
  }
  return freed;
}

Status LocalModelStore::FinishRemovals() {
  constexpr uint64_t kLimit = uint64_t{1} << 30;
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const auto entries, files_.List(paths_.Manifests()));
  for (const DirEntry& entry : entries) {
    if (!entry.name.ends_with(kIntentSuffix)) continue;
    const std::string path = StrCat(paths_.Manifests(), "/", entry.name);
    ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(files_, path, kLimit));
    const Removal removal = RemovalFromText(text);
    if (removal.empty() || IntentPath(removal) != path) {
      LOG(WARNING) << Message("Ignoring what is no removal of models").With("file", path);
      continue;
    }
    LOG(INFO) << Message("Going on with the removal of models").With("models", removal.size());
    RETURN_IF_ERROR(CarryOut(removal).status());
  }
  return OkStatus();
}

}  // namespace ballast
