#include "store/manifest_catalog.h"

#include <algorithm>
#include <set>

#include "base/failpoint.h"
#include "base/logging.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr char kManifest[] = ".json";
constexpr char kOrigins[] = ".origins.jsonl";  // a record a line, the newest first
constexpr char kUsed[] = ".used";              // unix seconds and watched milliseconds, 20 digits each
constexpr uint64_t kMaxManifest = uint64_t{1} << 30;

// The digests of a manifest, each once.
std::set<Digest> DigestsOf(const Manifest& manifest) {
  std::set<Digest> digests;
  for (const ManifestFile& file : manifest.files()) digests.insert(file.digest);
  return digests;
}

}  // namespace

std::vector<OriginRecord> MergeOrigins(std::vector<OriginRecord> known, const OriginRecord& said) {
  OriginRecord merged = said;
  const auto same = std::find_if(known.begin(), known.end(), [&said](const OriginRecord& record) {
    return record.uri == said.uri && record.commit == said.commit;
  });
  if (same != known.end()) {
    std::set<std::string> names(said.revisions.begin(), said.revisions.end());
    names.insert(same->revisions.begin(), same->revisions.end());
    merged.revisions.assign(names.begin(), names.end());
    known.erase(same);
  }
  known.insert(known.begin(), std::move(merged));
  return known;
}

Result<std::unique_ptr<ManifestCatalog>> ManifestCatalog::Open(StorePaths paths, FileSystem& files, const Clock& clock,
                                                               WatchedTime& watched) {
  std::unique_ptr<ManifestCatalog> catalog(new ManifestCatalog(std::move(paths), files, clock, watched));
  RETURN_IF_ERROR(catalog->Load());
  return catalog;
}

Status ManifestCatalog::Load() {
  ASSIGN_OR_RETURN(const auto entries, files_.List(paths_.Manifests()));
  for (const DirEntry& entry : entries) {
    const std::string path = paths_.Manifests() + "/" + entry.name;
    const auto id = Digest::FromHex(entry.name.substr(0, entry.name.find('.')));
    if (!id.ok() || entry.name.ends_with(".new")) {
      RETURN_IF_ERROR(files_.Remove(path));
      continue;
    }
    if (entry.name != id->Hex() + kManifest) continue;
    auto model = ReadModel(*id);
    if (!model.ok()) {
      LOG(WARNING)
          << Message("Ignoring a manifest that cannot be read").With("file", path).With("error", model.status());
      continue;
    }
    MutexLock lock(mutex_);
    Insert(std::move(*model));
  }
  return OkStatus();
}

Result<StoredModel> ManifestCatalog::ReadModel(const Digest& id) {
  ASSIGN_OR_RETURN(const std::string json, ReadSmallFile(files_, PathOf(id, kManifest), kMaxManifest));
  if (Digest::Of(json) != id) return DataLoss(StrCat("it has ", Digest::Of(json).ToString()));
  ASSIGN_OR_RETURN(Manifest manifest, Manifest::Parse(json));
  ASSIGN_OR_RETURN(std::vector<OriginRecord> origins, ReadOrigins(id));
  return StoredModel{.id = id, .manifest = std::move(manifest), .origins = std::move(origins)};
}

// A model whose use is not known to the second clock counts as used now: too young rather than too old.
LastUse ManifestCatalog::ReadLastUse(const Digest& id) {
  constexpr uint64_t kLimit = 100;
  const auto text = ReadSmallFile(files_, PathOf(id, kUsed), kLimit);
  const std::vector<std::string_view> fields = Split(text.ok() ? std::string_view(*text) : "", ' ');
  uint64_t unix = 0;
  uint64_t watched = 0;
  if (!fields.empty()) (void)ParseUint64(fields[0], unix);
  const bool known = fields.size() > 1 && ParseUint64(fields[1], watched);
  if (known) watched_.Reached(WatchedTime::Value(watched));
  return {.unix = static_cast<int64_t>(unix), .watched = known ? WatchedTime::Value(watched) : watched_.Now()};
}

Result<std::vector<OriginRecord>> ManifestCatalog::ReadOrigins(const Digest& id) {
  ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(files_, PathOf(id, kOrigins), kMaxManifest));
  std::vector<OriginRecord> origins;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    ASSIGN_OR_RETURN(OriginRecord record, OriginRecord::FromJson(line));
    origins.push_back(std::move(record));
  }
  return origins;
}

void ManifestCatalog::Insert(StoredModel model) {
  const Digest id = model.id;
  Entry& entry = models_[id];
  if (entry.model == nullptr) {
    for (const Digest& digest : DigestsOf(model.manifest)) ++references_[digest];
    entry.last_use = ReadLastUse(id);
  }
  entry.model = std::make_shared<const StoredModel>(std::move(model));
  entry.allocated = 0;
  for (const char* suffix : {kManifest, kOrigins}) {
    const auto info = files_.Stat(PathOf(id, suffix));
    if (info.ok()) entry.allocated += info->allocated;
  }
  constexpr uint64_t kUsedFile = 4096;  // written behind our back, a block at most
  entry.allocated += kUsedFile;
}

// The manifest comes last: it is what makes a model.
Status ManifestCatalog::Put(const Manifest& manifest, const OriginRecord& origin) {
  const Digest id = manifest.Id();
  MutexLock write_lock(write_mutex_);
  const auto known = Find(id);
  StoredModel model{.id = id,
                    .manifest = manifest,
                    .origins = MergeOrigins(known ? known->origins : std::vector<OriginRecord>(), origin)};
  std::string lines;
  for (const OriginRecord& record : model.origins) lines += record.ToJson() + "\n";
  RETURN_IF_ERROR(WriteSmallFile(files_, PathOf(id, kOrigins), lines));
  Failpoint("put.origins_written");
  if (known == nullptr) RETURN_IF_ERROR(WriteSmallFile(files_, PathOf(id, kManifest), manifest.Canonical()));
  Failpoint("put.manifest_written");
  MutexLock lock(mutex_);
  Insert(std::move(model));
  return OkStatus();
}

std::shared_ptr<const StoredModel> ManifestCatalog::Find(const Digest& id) const {
  MutexLock lock(mutex_);
  const auto found = models_.find(id);
  return found == models_.end() || found->second.hidden ? nullptr : found->second.model;
}

std::vector<std::shared_ptr<const StoredModel>> ManifestCatalog::List() const {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<const StoredModel>> models;
  for (const auto& [id, entry] : models_) {
    if (!entry.hidden) models.push_back(entry.model);
  }
  return models;
}

void ManifestCatalog::Touch(const Digest& id) {
  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(clock_.Now().time_since_epoch()).count();
  const LastUse use{.unix = now, .watched = watched_.Now()};
  MutexLock lock(mutex_);
  const auto found = models_.find(id);
  if (found == models_.end()) return;
  found->second.last_use = use;
  const std::string text = StrCat(FixedDigits(static_cast<uint64_t>(use.unix)), " ",
                                  FixedDigits(static_cast<uint64_t>(use.watched.count())));
  const auto file = files_.Open(PathOf(id, kUsed), OpenMode::kOpenOrCreate);
  const Status written = file.ok() ? (*file)->Write(0, std::as_bytes(std::span(text))) : file.status();
  if (!written.ok()) LOG(WARNING) << Message("Cannot record the last use of a model").With("error", written);
}

std::optional<StoredModel> ManifestCatalog::Describe(const Digest& id) const {
  MutexLock lock(mutex_);
  const auto found = models_.find(id);
  if (found == models_.end() || found->second.hidden) return std::nullopt;
  const Entry& entry = found->second;
  StoredModel model = *entry.model;
  model.last_used_unix = entry.last_use.unix;
  model.last_use = entry.last_use.watched;
  model.idle = watched_.Now() - model.last_use;
  model.own_bytes = entry.allocated;
  return model;
}

void ManifestCatalog::Hide(const Digest& id) {
  MutexLock lock(mutex_);
  models_.at(id).hidden = true;
}

void ManifestCatalog::Show(const Digest& id) {
  MutexLock lock(mutex_);
  models_.at(id).hidden = false;
}

// The manifest goes first: without it there is no model, whatever else is left.
Status ManifestCatalog::Forget(std::span<const Digest> ids) {
  MutexLock write_lock(write_mutex_);
  for (const Digest& id : ids) {
    for (const char* suffix : {kManifest, kOrigins, kUsed}) {
      RETURN_IF_ERROR(IgnoreNotFound(files_.Remove(PathOf(id, suffix))));
    }
  }
  RETURN_IF_ERROR(files_.SyncDirectory(paths_.Manifests()));
  MutexLock lock(mutex_);
  for (const Digest& id : ids) Drop(id);
  return OkStatus();
}

void ManifestCatalog::Drop(const Digest& id) {
  const auto found = models_.find(id);
  if (found == models_.end()) return;
  for (const Digest& digest : DigestsOf(found->second.model->manifest)) {
    if (--references_[digest] == 0) references_.erase(digest);
  }
  models_.erase(found);
}

uint32_t ManifestCatalog::References(const Digest& blob) const {
  MutexLock lock(mutex_);
  const auto found = references_.find(blob);
  return found == references_.end() ? 0 : found->second;
}

uint64_t ManifestCatalog::AllocatedBytes() const {
  MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const auto& [id, entry] : models_) bytes += entry.allocated;
  return bytes;
}

}  // namespace ballast
