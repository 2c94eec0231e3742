#include "origin/testing/hub_root.h"

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "base/strings.h"
#include "origin/testing/hub_stand_in.h"
#include "origin/testing/hub_url.h"

namespace ballast::hub {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

// What .hub.json says.
struct Settings {
  Access access;
  LfsRule rule;
  std::map<std::string, std::string> tags;  // tag -> branch
};

Status SetField(const std::string& key, const Json& value, Settings& settings) {
  if (key == "gated") return settings.access.gated = value.get<bool>(), OkStatus();
  if (key == "private") return settings.access.is_private = value.get<bool>(), OkStatus();
  if (key == "tokens") return settings.access.tokens = value.get<std::vector<std::string>>(), OkStatus();
  if (key == "lfs") return settings.rule.globs = value.get<std::vector<std::string>>(), OkStatus();
  if (key == "lfs_threshold") return settings.rule.threshold = value.get<uint64_t>(), OkStatus();
  if (key == "tags") return settings.tags = value.get<std::map<std::string, std::string>>(), OkStatus();
  return InvalidArgument(
      StrCat("no key ", Quoted(key), DidYouMean(key, {"gated", "private", "tokens", "lfs", "lfs_threshold", "tags"})));
}

Result<Settings> ReadSettings(const fs::path& file) {
  Settings settings;
  std::ifstream in(file);
  if (!in) return settings;
  Json json = Json::parse(in, nullptr, false);
  if (!json.is_object()) return InvalidArgument(StrCat(Quoted(file.string()), " holds no JSON object"));
  for (const auto& [key, value] : json.items()) {
    try {
      RETURN_IF_ERROR(SetField(key, value, settings).WithContext(file.string()));
    } catch (const Json::exception&) {
      return InvalidArgument(StrCat(Quoted(file.string()), ": ", Quoted(key), " cannot be ", Quoted(value.dump())));
    }
  }
  return settings;
}

Result<std::vector<fs::path>> Folders(const fs::path& parent) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator at(parent, error), end; !error && at != end; at.increment(error)) {
    if (at->is_directory()) folders.push_back(at->path());
  }
  if (error)
    return InvalidArgument(StrCat("the hub stand-in cannot list ", Quoted(parent.string()), ": ", error.message()));
  std::sort(folders.begin(), folders.end());
  return folders;
}

// "name" holds branch main, "name@v1" branch v1, "name@refs%2Fpr%2F1" the pull request.
Status LoadFolder(StandIn& hub, const std::string& owner, const fs::path& folder) {
  std::string name = folder.filename().string();
  size_t at = name.find('@');
  std::string branch = at == std::string::npos ? "main" : PercentDecode(name.substr(at + 1));
  name = name.substr(0, at);
  ASSIGN_OR_RETURN(Settings settings, ReadSettings(folder.parent_path() / name / ".hub.json"));
  ASSIGN_OR_RETURN(std::vector<File> files, ReadFolder(folder));
  std::string repository = owner + "/" + name;
  ASSIGN_OR_RETURN(std::string commit, hub.Publish(repository, files, branch, settings.rule));
  for (const auto& [tag, of] : settings.tags) {
    if (of == branch) RETURN_IF_ERROR(hub.Tag(repository, tag, commit));
  }
  return hub.SetAccess(repository, settings.access);
}

Status LoadType(StandIn& hub, const fs::path& root, const std::string& type) {
  if (!fs::is_directory(root / type)) return OkStatus();
  ASSIGN_OR_RETURN(std::vector<fs::path> owners, Folders(root / type));
  for (const fs::path& owner : owners) {
    ASSIGN_OR_RETURN(std::vector<fs::path> folders, Folders(owner));
    for (const fs::path& folder : folders) {
      RETURN_IF_ERROR(LoadFolder(hub, type + "/" + owner.filename().string(), folder));
    }
  }
  return OkStatus();
}

}  // namespace

Status LoadRoot(StandIn& hub, const fs::path& root) {
  if (root.empty()) return OkStatus();
  if (!fs::is_directory(root))
    return InvalidArgument(StrCat("no folder ", Quoted(root.string()), " for the hub stand-in"));
  for (const char* type : {"models", "datasets", "spaces"}) RETURN_IF_ERROR(LoadType(hub, root, type));
  return OkStatus();
}

}  // namespace ballast::hub
