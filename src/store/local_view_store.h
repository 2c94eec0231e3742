// ViewStore on a local disk.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "store/local_blob_store.h"
#include "store/manifest_catalog.h"
#include "store/view_about.h"
#include "store/view_plan.h"

namespace ballast {

// Thread-safe. One view is built at a time; one that exists is found without waiting.
class LocalViewStore final : public ViewStore {
 public:
  static Result<std::unique_ptr<LocalViewStore>> Open(StorePaths paths, FileSystem& files, LocalBlobStore& blobs,
                                                      ManifestCatalog& catalog);

  Result<std::string> Make(const Digest& model, Layout layout, const std::string& uri) override;
  Result<std::string> OpenEarly(const std::string& name, Layout layout, const OriginRecord& origin,
                                const std::vector<std::pair<SafePath, uint64_t>>& expected) override;
  Status AddToEarly(const std::string& view, const SafePath& path, const Digest& blob) override;
  Status CompleteEarly(const std::string& view, const Digest& model) override;

  // The views of a model, relative to the root, and the blobs that were made for them.
  std::vector<std::string> ViewsOf(const Digest& model) const;
  std::vector<Digest> GeneratedFor(const Digest& model) const;
  std::map<Digest, std::vector<Digest>> Generated() const;  // of all models
  Status RemoveViewsOf(std::span<const Digest> models);
  // Views that a blob was made for.
  std::vector<std::string> ViewsWithGenerated(const Digest& blob) const;
  Status RemoveOne(const std::string& view);
  // Gives a view that is mounted another name, under which it is an early view and goes with its last lease; a new one
  // can be made in its place. Returns the name.
  Result<std::string> SetAside(const std::string& view);
  // Views that were set aside: what they are called now, by what leases may still call them.
  std::map<std::string, std::string> Aside() const;
  // An early view that nobody has mounted any more; OK for any other path.
  Status RemoveEarly(const std::string& view);
  std::vector<std::string> EarlyViews() const;
  bool Knows(const std::string& view) const;
  bool IsAside(const std::string& view) const;
  // What is in tmp/ although nothing is being built or removed; relative to the root. Waits for what is.
  std::vector<std::string> Leftovers() const;

 private:
  LocalViewStore(StorePaths paths, FileSystem& files, LocalBlobStore& blobs, ManifestCatalog& catalog)
      : paths_(std::move(paths)), files_(files), blobs_(blobs), catalog_(catalog) {}

  Status Load();
  // "views/<name>/data"
  static std::string Relative(const std::string& name) { return "views/" + name + "/data"; }
  static std::string NameOf(const std::string& view);
  std::string FolderOf(const std::string& name) const { return paths_.Views() + "/" + name; }
  std::optional<ViewAbout> Find(const std::string& name) const;
  void Remember(const std::string& name, ViewAbout about);

  Result<std::vector<Digest>> Fill(const std::string& data, const std::vector<ViewEntry>& entries);
  Status Place(const std::string& path, const ViewEntry& entry);
  Status WriteFixed(const std::string& path, std::string_view content);
  Status SyncTree(const std::string& data, const std::vector<ViewEntry>& entries);
  Status Build(const std::string& name, ViewAbout about, const std::vector<ViewEntry>& entries);
  Status BuildIn(const std::string& folder, const std::string& name, ViewAbout about,
                 const std::vector<ViewEntry>& entries);
  Status Publish(const std::string& folder, const std::string& name);
  Status StartEarly(const std::string& name, const ViewAbout& about,
                    const std::vector<std::pair<SafePath, uint64_t>>& expected);
  Status StartEarlyIn(const std::string& folder, const std::string& name, const ViewAbout& about,
                      const std::string& files_json);
  Status RemoveViews(const std::vector<std::string>& names);
  Status Bury(const std::string& name);
  Status RemoveGraves();

  const StorePaths paths_;
  FileSystem& files_;
  LocalBlobStore& blobs_;
  ManifestCatalog& catalog_;
  mutable Mutex build_mutex_;  // taken before mutex_
  mutable Mutex mutex_;
  std::map<std::string, ViewAbout> views_ GUARDED_BY(mutex_);
};

}  // namespace ballast
