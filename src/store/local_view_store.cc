#include "store/local_view_store.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/failpoint.h"
#include "base/logging.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr uint32_t kFileMode = 0444;
constexpr std::string_view kEarly = "early-";
constexpr std::string_view kGrave = "removed-";

Result<OriginRecord> OriginOf(const StoredModel& model, Layout layout, const std::string& uri) {
  if (layout == Layout::kPlain) return OriginRecord{.uri = uri};
  for (const OriginRecord& origin : model.origins) {
    if (origin.uri == uri) return origin;  // the newest comes first
  }
  return InvalidArgument(StrCat("layout ", LayoutName(layout), " needs to know the repository, and ", Quoted(uri),
                                " is not where this model came from"));
}

std::string FilesJson(const std::string& prefix, const std::vector<std::pair<SafePath, uint64_t>>& expected) {
  nlohmann::json files = nlohmann::json::array();
  for (const auto& [path, size] : expected) files.push_back({{"path", prefix + path.str()}, {"size", size}});
  return nlohmann::json{{"files", std::move(files)}}.dump() + "\n";
}

Status WriteReadOnly(FileSystem& files, const std::string& path, std::string_view content) {
  ASSIGN_OR_RETURN(const auto file, CreateAnew(files, path));
  RETURN_IF_ERROR(file->Write(0, std::as_bytes(std::span(content))));
  RETURN_IF_ERROR(files.SetMode(path, kFileMode));
  return file->Sync();
}

Status IgnoreExisting(const Status& status) {
  return status.code() == StatusCode::kAlreadyExists ? OkStatus() : status;
}

}  // namespace

Result<std::unique_ptr<LocalViewStore>> LocalViewStore::Open(StorePaths paths, FileSystem& files, LocalBlobStore& blobs,
                                                             ManifestCatalog& catalog) {
  std::unique_ptr<LocalViewStore> store(new LocalViewStore(std::move(paths), files, blobs, catalog));
  RETURN_IF_ERROR(store->Load());
  return store;
}

Status LocalViewStore::Load() {
  constexpr uint64_t kLimit = 1 << 20;
  ASSIGN_OR_RETURN(const auto entries, files_.List(paths_.Views()));
  for (const DirEntry& entry : entries) {
    const std::string about_path = FolderOf(entry.name) + "/about.json";
    RETURN_IF_ERROR(IgnoreNotFound(files_.Remove(about_path + ".new")));
    const auto json = ReadSmallFile(files_, about_path, kLimit);
    const auto about = json.ok() ? AboutFromJson(*json) : Result<ViewAbout>(json.status());
    if (about.ok()) {
      Remember(entry.name, *about);
    } else if (files_.Stat(FolderOf(entry.name) + "/data").status().code() == StatusCode::kNotFound) {
      RETURN_IF_ERROR(RemoveTree(files_, FolderOf(entry.name)));  // what a removal left when the power went
    } else {                                                      // may be mounted: kept
      LOG(WARNING)
          << Message("Ignoring a view that cannot be read").With("view", entry.name).With("error", about.status());
    }
  }
  return OkStatus();
}

std::string LocalViewStore::NameOf(const std::string& view) {
  const auto parts = Split(view, '/');
  return parts.size() == 3 ? std::string(parts[1]) : "";
}

std::optional<ViewAbout> LocalViewStore::Find(const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = views_.find(name);
  return found == views_.end() ? std::nullopt : std::optional(found->second);
}

void LocalViewStore::Remember(const std::string& name, ViewAbout about) {
  MutexLock lock(mutex_);
  views_.insert_or_assign(name, std::move(about));
}

// ---- making

Result<std::string> LocalViewStore::Make(const Digest& model, Layout layout, const std::string& uri) {
  auto stored = catalog_.Find(model);
  if (stored == nullptr) return NotFound(StrCat("the model ", model.ToString(), " is not here"));
  ASSIGN_OR_RETURN(const OriginRecord origin, OriginOf(*stored, layout, uri));
  const std::string name = ViewId(model, origin, layout).Hex();
  if (Find(name)) return Relative(name);
  MutexLock lock(build_mutex_);
  stored = catalog_.Find(model);  // it may have been removed meanwhile
  if (stored == nullptr) return NotFound(StrCat("the model ", model.ToString(), " is not here"));
  if (Find(name)) return Relative(name);
  ASSIGN_OR_RETURN(const auto entries, PlanView(stored->manifest, origin, layout));
  RETURN_IF_ERROR(Build(name, {model, layout, origin, {}}, entries));
  return Relative(name);
}

Status LocalViewStore::Build(const std::string& name, ViewAbout about, const std::vector<ViewEntry>& entries) {
  const std::string folder = paths_.Temporary() + "/view-" + name;
  Status built = BuildIn(folder, name, std::move(about), entries);
  if (!built.ok()) (void)RemoveTree(files_, folder);  // its links would keep blobs from being removed
  return built;
}

Status LocalViewStore::BuildIn(const std::string& folder, const std::string& name, ViewAbout about,
                               const std::vector<ViewEntry>& entries) {
  RETURN_IF_ERROR(RemoveTree(files_, folder));
  RETURN_IF_ERROR(EnsureDirectories(files_, folder, "data"));
  ASSIGN_OR_RETURN(about.generated, Fill(folder + "/data", entries));
  Failpoint("view.filled");
  RETURN_IF_ERROR(SyncTree(folder + "/data", entries));
  RETURN_IF_ERROR(WriteSmallFile(files_, folder + "/about.json", AboutToJson(about)));
  RETURN_IF_ERROR(Publish(folder, name));
  about.origin.files.clear();
  Remember(name, std::move(about));
  return OkStatus();
}

// A complete view that an earlier attempt placed, before it failed, is taken as it is: it may be mounted.
Status LocalViewStore::Publish(const std::string& folder, const std::string& name) {
  if (files_.Stat(FolderOf(name) + "/data").ok()) {
    RETURN_IF_ERROR(files_.Rename(folder + "/about.json", FolderOf(name) + "/about.json"));
    RETURN_IF_ERROR(files_.SyncDirectory(FolderOf(name)));
    RETURN_IF_ERROR(RemoveTree(files_, folder));
  } else {
    RETURN_IF_ERROR(RemoveTree(files_, FolderOf(name)));
    RETURN_IF_ERROR(files_.Rename(folder, FolderOf(name)));
  }
  Failpoint("view.renamed");
  // The old name is gone durably before the new one counts: what is left in tmp/ is removed at the next start.
  RETURN_IF_ERROR(files_.SyncDirectory(paths_.Temporary()));
  return files_.SyncDirectory(paths_.Views());
}

// The blobs that were made for the generated files.
Result<std::vector<Digest>> LocalViewStore::Fill(const std::string& data, const std::vector<ViewEntry>& entries) {
  std::vector<Digest> generated;
  for (ViewEntry entry : entries) {
    if (entry.kind == ViewEntry::Kind::kGenerated) {
      entry.size = entry.content.size();
      ASSIGN_OR_RETURN(entry.blob, blobs_.Put(entry.content));
      generated.push_back(entry.blob);
    }
    RETURN_IF_ERROR(Place(data + "/" + entry.path, entry));
  }
  return generated;
}

// Again is fine. Empty files are made rather than linked: thousands of them would be links of one blob.
Status LocalViewStore::Place(const std::string& path, const ViewEntry& entry) {
  if (entry.kind == ViewEntry::Kind::kDirectory) return EnsureDirectory(files_, path);
  if (entry.size == 0) return WriteFixed(path, "");
  return IgnoreExisting(blobs_.Link(entry.blob, path));
}

// A file that is no blob. It appears under a temporary name first, so that nobody reads half of it.
Status LocalViewStore::WriteFixed(const std::string& path, std::string_view content) {
  if (files_.Stat(path).ok()) return OkStatus();
  const std::string temporary = paths_.Temporary() + "/fixed-" + Digest::Of(path).Hex();
  Status placed = WriteReadOnly(files_, temporary, content);
  if (placed.ok()) placed = files_.Rename(temporary, path);
  if (!placed.ok()) (void)files_.Remove(temporary);
  return placed;
}

Status LocalViewStore::SyncTree(const std::string& data, const std::vector<ViewEntry>& entries) {
  constexpr int64_t kMany = 16;
  const auto is_directory = [](const ViewEntry& entry) { return entry.kind == ViewEntry::Kind::kDirectory; };
  if (std::count_if(entries.begin(), entries.end(), is_directory) > kMany) return files_.SyncAll(data);
  for (const ViewEntry& entry : entries) {
    if (is_directory(entry)) RETURN_IF_ERROR(files_.SyncDirectory(data + "/" + entry.path));
  }
  RETURN_IF_ERROR(files_.SyncDirectory(data));
  return files_.SyncDirectory(ParentPath(data));
}

// ---- early views

Result<std::string> LocalViewStore::OpenEarly(const std::string& name, Layout layout, const OriginRecord& origin,
                                              const std::vector<std::pair<SafePath, uint64_t>>& expected) {
  MutexLock lock(build_mutex_);
  const std::string folder = StrCat(kEarly, Digest::Of(name).Hex());
  if (!Find(folder)) RETURN_IF_ERROR(StartEarly(folder, {std::nullopt, layout, origin, {}}, expected));
  return Relative(folder);
}

Status LocalViewStore::StartEarly(const std::string& name, const ViewAbout& about,
                                  const std::vector<std::pair<SafePath, uint64_t>>& expected) {
  ASSIGN_OR_RETURN(const std::string prefix, ViewPrefix(about.origin, about.layout));
  const std::string folder = paths_.Temporary() + "/view-" + name;
  Status started = StartEarlyIn(folder, name, about, FilesJson(prefix, expected));
  if (!started.ok()) (void)RemoveTree(files_, folder);
  return started;
}

Status LocalViewStore::StartEarlyIn(const std::string& folder, const std::string& name, const ViewAbout& about,
                                    const std::string& files_json) {
  RETURN_IF_ERROR(RemoveTree(files_, folder));
  RETURN_IF_ERROR(EnsureDirectories(files_, folder, "data/.ballast"));
  RETURN_IF_ERROR(WriteFixed(folder + "/data/.ballast/files.json", files_json));
  RETURN_IF_ERROR(files_.SyncDirectory(folder + "/data/.ballast"));
  RETURN_IF_ERROR(files_.SyncDirectory(folder + "/data"));
  RETURN_IF_ERROR(WriteSmallFile(files_, folder + "/about.json", AboutToJson(about)));
  RETURN_IF_ERROR(Publish(folder, name));
  Remember(name, about);
  return OkStatus();
}

Status LocalViewStore::AddToEarly(const std::string& view, const SafePath& path, const Digest& blob) {
  const std::string name = NameOf(view);
  const auto about = Find(name);
  if (!about || !name.starts_with(kEarly)) return NotFound(StrCat("no early view ", Quoted(view)));
  const auto size = blobs_.Size(blob);
  if (!size) return NotFound(StrCat(blob.ToString(), " is not here"));
  ASSIGN_OR_RETURN(const std::string prefix, ViewPrefix(about->origin, about->layout));
  MutexLock lock(build_mutex_);
  const std::string data = FolderOf(name) + "/data";
  RETURN_IF_ERROR(EnsureDirectories(files_, data, ParentPath("/" + prefix + path.str())));
  return Place(data + "/" + prefix + path.str(), {"", ViewEntry::Kind::kBlob, blob, *size, ""});
}

Status LocalViewStore::CompleteEarly(const std::string& view, const Digest& model) {
  const std::string name = NameOf(view);
  auto about = Find(name);
  if (!about || !name.starts_with(kEarly)) return NotFound(StrCat("no early view ", Quoted(view)));
  const auto stored = catalog_.Find(model);
  if (stored == nullptr) return NotFound(StrCat("the model ", model.ToString(), " is not here"));
  ASSIGN_OR_RETURN(const OriginRecord origin, OriginOf(*stored, about->layout, about->origin.uri));
  if (about->layout != Layout::kPlain && origin.commit != about->origin.commit) {
    return FailedPrecondition(StrCat("the view is of commit ", about->origin.commit, ", the model of ", origin.commit));
  }
  ASSIGN_OR_RETURN(const auto entries, PlanView(stored->manifest, origin, about->layout));
  MutexLock lock(build_mutex_);
  const std::string data = FolderOf(name) + "/data";
  ASSIGN_OR_RETURN(about->generated, Fill(data, entries));
  about->manifest = model;
  RETURN_IF_ERROR(WriteSmallFile(files_, FolderOf(name) + "/about.json", AboutToJson(*about)));
  RETURN_IF_ERROR(SyncTree(data, entries));
  RETURN_IF_ERROR(WriteFixed(data + "/.ballast/ready", ""));
  RETURN_IF_ERROR(files_.SyncDirectory(data + "/.ballast"));
  Remember(name, std::move(*about));
  return OkStatus();
}

std::vector<std::string> LocalViewStore::EarlyViews() const {
  MutexLock lock(mutex_);
  std::vector<std::string> early;
  for (const auto& [name, about] : views_) {
    if (name.starts_with(kEarly)) early.push_back(Relative(name));
  }
  return early;
}

bool LocalViewStore::Knows(const std::string& view) const { return Find(NameOf(view)).has_value(); }

bool LocalViewStore::IsAside(const std::string& view) const {
  const auto about = Find(NameOf(view));
  return about && !about->aside_of.empty() && about->aside_of != NameOf(view);
}

std::vector<std::string> LocalViewStore::Leftovers() const {
  MutexLock lock(build_mutex_);
  const auto entries = files_.List(paths_.Temporary());
  std::vector<std::string> left;
  if (!entries.ok()) return left;
  for (const DirEntry& entry : *entries) left.push_back("tmp/" + entry.name);
  return left;
}

// ---- removing

std::vector<std::string> LocalViewStore::ViewsOf(const Digest& model) const {
  MutexLock lock(mutex_);
  std::vector<std::string> found;
  for (const auto& [name, about] : views_) {
    if (about.manifest == model) found.push_back(Relative(name));
  }
  return found;
}

std::vector<Digest> LocalViewStore::GeneratedFor(const Digest& model) const {
  MutexLock lock(mutex_);
  std::vector<Digest> digests;
  for (const auto& [name, about] : views_) {
    if (about.manifest == model) digests.insert(digests.end(), about.generated.begin(), about.generated.end());
  }
  return digests;
}

std::map<Digest, std::vector<Digest>> LocalViewStore::Generated() const {
  MutexLock lock(mutex_);
  std::map<Digest, std::vector<Digest>> all;
  for (const auto& [name, about] : views_) {
    if (!about.manifest) continue;
    std::vector<Digest>& digests = all[*about.manifest];
    digests.insert(digests.end(), about.generated.begin(), about.generated.end());
  }
  return all;
}

Status LocalViewStore::RemoveViewsOf(std::span<const Digest> models) {
  MutexLock lock(build_mutex_);
  std::vector<std::string> names;
  for (const Digest& model : models) {
    for (const std::string& view : ViewsOf(model)) names.push_back(NameOf(view));
  }
  return RemoveViews(names);
}

std::vector<std::string> LocalViewStore::ViewsWithGenerated(const Digest& blob) const {
  MutexLock lock(mutex_);
  std::vector<std::string> found;
  for (const auto& [name, about] : views_) {
    if (std::ranges::count(about.generated, blob) > 0) found.push_back(Relative(name));
  }
  return found;
}

Status LocalViewStore::RemoveOne(const std::string& view) {
  MutexLock lock(build_mutex_);
  return RemoveViews({NameOf(view)});
}

// First it says what it was called: after a crash leases find it by that.
Result<std::string> LocalViewStore::SetAside(const std::string& view) {
  const std::string name = NameOf(view);
  if (name.starts_with(kEarly)) return view;
  MutexLock lock(build_mutex_);
  auto about = Find(name);
  if (!about) return NotFound(StrCat("no view ", Quoted(view)));
  std::string aside;
  for (int n = 0; aside.empty() || Find(aside); ++n)
    aside = StrCat(kEarly, Digest::Of(StrCat("aside ", name, " ", n)).Hex());
  about->aside_of = name;
  RETURN_IF_ERROR(WriteSmallFile(files_, FolderOf(name) + "/about.json", AboutToJson(*about)));
  RETURN_IF_ERROR(files_.Rename(FolderOf(name), FolderOf(aside)));
  Remember(aside, *std::move(about));
  {
    MutexLock names(mutex_);
    views_.erase(name);
  }
  Failpoint("aside.renamed");
  RETURN_IF_ERROR(files_.SyncDirectory(paths_.Views()));
  return Relative(aside);
}

std::map<std::string, std::string> LocalViewStore::Aside() const {
  MutexLock lock(mutex_);
  std::map<std::string, std::string> aside;
  for (const auto& [name, about] : views_) {
    const bool moved = !about.aside_of.empty() && about.aside_of != name && !views_.contains(about.aside_of);
    if (moved) aside.emplace(Relative(about.aside_of), Relative(name));
  }
  return aside;
}

Status LocalViewStore::RemoveEarly(const std::string& view) {
  const std::string name = NameOf(view);
  MutexLock lock(build_mutex_);
  const auto about = Find(name);
  if (!about || !name.starts_with(kEarly)) return OkStatus();
  RETURN_IF_ERROR(RemoveViews({name}));
  for (const Digest& blob : about->generated) {
    if (catalog_.References(blob) == 0) RETURN_IF_ERROR(blobs_.RemoveUnlinked(blob).status());
  }
  return OkStatus();
}

// Those of a removal that failed as well: their links would hold the blobs.
Status LocalViewStore::RemoveGraves() {
  ASSIGN_OR_RETURN(const auto entries, files_.List(paths_.Temporary()));
  for (const DirEntry& entry : entries) {
    if (entry.name.starts_with(kGrave)) RETURN_IF_ERROR(RemoveTree(files_, paths_.Temporary() + "/" + entry.name));
  }
  return OkStatus();
}

// Each leaves views/ in one step: half a view is never seen.
Status LocalViewStore::RemoveViews(const std::vector<std::string>& names) {
  RETURN_IF_ERROR(RemoveGraves());
  for (const std::string& name : names) RETURN_IF_ERROR(Bury(name));
  if (!names.empty()) RETURN_IF_ERROR(files_.SyncDirectory(paths_.Views()));
  return RemoveGraves();
}

Status LocalViewStore::Bury(const std::string& name) {
  RETURN_IF_ERROR(IgnoreNotFound(files_.Rename(FolderOf(name), StrCat(paths_.Temporary(), "/", kGrave, name))));
  Failpoint("view.buried");
  MutexLock lock(mutex_);
  views_.erase(name);
  return OkStatus();
}

}  // namespace ballast
