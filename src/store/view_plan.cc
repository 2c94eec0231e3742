#include "store/view_plan.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/strings.h"
#include "core/model_ref.h"

namespace ballast {
namespace {

// "models--org--name/" or "", where the repository's folder begins.
Result<std::string> RepositoryFolder(const OriginRecord& origin, Layout layout) {
  ASSIGN_OR_RETURN(const ModelRef ref, ModelRef::Parse(origin.uri));
  const std::string folder = ref.HubCacheFolder();
  if (folder.empty() || !IsCommit(origin.commit)) {
    return InvalidArgument(StrCat("layout ", LayoutName(layout), " needs a model of a hub, and ", Quoted(origin.uri),
                                  " has no commit there; use layout plain"));
  }
  return layout == Layout::kHf ? folder + "/" : "";
}

// The names that lead to the commit. "main" is what a client asks for when a person names no revision, and there is
// only one here. A name below another one ("a" and "a/b") can't be a file, too.
std::set<std::string> RefNames(const OriginRecord& origin) {
  std::set<std::string> names = {"main"};
  std::set<std::string> asked(origin.revisions.begin(), origin.revisions.end());
  for (const std::string& name : asked) {
    if (!CheckRevision(name).ok() || IsCommit(name)) continue;
    bool below = false;
    for (size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
      below = below || names.contains(name.substr(0, slash));
    }
    if (!below && name != "main") names.insert(name);
  }
  return names;
}

// The listing that the client (>= 1.33) keeps; "" where the origin did not say enough for one.
std::string TreeListing(const Manifest& manifest, const OriginRecord& origin) {
  nlohmann::json files = nlohmann::json::object();
  for (const ManifestFile& file : manifest.files()) {
    const auto said = origin.files.find(file.path.str());
    if (said == origin.files.end() || !said->second.git_oid) return "";
    nlohmann::json& entry = files[file.path.str()];
    entry = {{"blob_id", said->second.git_oid->Hex()}, {"size", file.size}};
    if (!said->second.lfs_pointer_size) continue;
    entry["lfs_sha256"] = file.digest.Hex();
    entry["lfs_size"] = file.size;
  }
  return nlohmann::json{{"files", std::move(files)}, {"format_version", 1}}.dump(1);
}

class Builder {
 public:
  void Directory(const std::string& path) {
    if (path.empty() || !directories_.insert(path).second) return;
    const size_t slash = path.rfind('/');
    if (slash != std::string::npos) Directory(path.substr(0, slash));  // NOLINT(misc-no-recursion): bounded by SafePath
    entries_.push_back({path, ViewEntry::Kind::kDirectory, {}, 0, ""});
  }
  void Blob(const std::string& path, const ManifestFile& file) {
    Directory(Parent(path));
    entries_.push_back({path, ViewEntry::Kind::kBlob, file.digest, file.size, ""});
  }
  void Generated(const std::string& path, std::string content) {
    Directory(Parent(path));
    entries_.push_back({path, ViewEntry::Kind::kGenerated, {}, 0, std::move(content)});
  }
  std::vector<ViewEntry> Take() { return std::move(entries_); }

 private:
  static std::string Parent(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
  }

  std::vector<ViewEntry> entries_;
  std::set<std::string> directories_;
};

}  // namespace

std::string_view LayoutName(Layout layout) {
  switch (layout) {
    case Layout::kPlain:
      return "plain";
    case Layout::kHf:
      return "hf";
    case Layout::kHfRepo:
      return "hf-repo";
  }
  return "";
}

Result<std::string> ViewPrefix(const OriginRecord& origin, Layout layout) {
  if (layout == Layout::kPlain) return std::string();
  ASSIGN_OR_RETURN(const std::string folder, RepositoryFolder(origin, layout));
  return folder + "snapshots/" + origin.commit + "/";
}

Result<std::vector<ViewEntry>> PlanView(const Manifest& manifest, const OriginRecord& origin, Layout layout) {
  ASSIGN_OR_RETURN(const std::string prefix, ViewPrefix(origin, layout));
  Builder builder;
  for (const ManifestFile& file : manifest.files()) builder.Blob(prefix + file.path.str(), file);
  if (layout == Layout::kPlain) return builder.Take();
  ASSIGN_OR_RETURN(const std::string folder, RepositoryFolder(origin, layout));
  builder.Directory(folder + "blobs");
  // Before it looks at anything, the 0.x client online makes this one for its locks.
  if (layout == Layout::kHf) builder.Directory(StrCat(".locks/", folder.substr(0, folder.size() - 1)));
  builder.Directory(folder + "snapshots/" + origin.commit);
  for (const std::string& name : RefNames(origin)) builder.Generated(StrCat(folder, "refs/", name), origin.commit);
  if (std::string listing = TreeListing(manifest, origin); !listing.empty()) {
    builder.Generated(folder + "trees/" + origin.commit + ".json", std::move(listing));
  }
  return builder.Take();
}

Digest ViewId(const Digest& manifest, const OriginRecord& origin, Layout layout) {
  if (layout == Layout::kPlain) return Digest::Of(StrCat(manifest.Hex(), "\nplain\n"));
  std::string text = StrCat(manifest.Hex(), "\n", LayoutName(layout), "\n", origin.uri, "\n", origin.commit, "\n");
  for (const std::string& name : RefNames(origin)) text += name + "\n";
  for (const auto& [path, said] : origin.files) {
    text += StrCat(path, "\n", said.git_oid ? said.git_oid->Hex() : "", " ", said.lfs_pointer_size ? "lfs" : "", "\n");
  }
  return Digest::Of(text);
}

}  // namespace ballast
