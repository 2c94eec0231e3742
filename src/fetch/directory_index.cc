#include "fetch/directory_index.h"

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "core/manifest.h"
#include "core/piece_map.h"

namespace ballast {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

Status Bad(std::string_view what) { return InvalidArgument(StrCat("not an index of model files: ", what)); }

// The format is three levels deep; whatever lies deeper is not kept, however deep it is.
json ParseShallow(std::string_view text) {
  const auto keep = [](int depth, json::parse_event_t, const json&) { return depth <= 3; };
  return json::parse(text, keep, /*allow_exceptions=*/false);
}

std::string StringAt(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

uint64_t SumOf(const std::map<SafePath, IndexedFile>& files) {
  uint64_t sum = 0;
  for (const auto& [path, file] : files) sum += file.size;
  return sum;
}

Status ReadFile(const json& entry, DirectoryIndex& index) {
  if (!entry.is_object()) return Bad("an entry is no object");
  ASSIGN_OR_RETURN(SafePath path, SafePath::Parse(StringAt(entry, "path")));
  IndexedFile file;
  const auto size = entry.find("size");
  if (size == entry.end() || !size->is_number_unsigned()) return Bad(StrCat(path, " has no size"));
  file.size = size->get<uint64_t>();
  if (file.size > kMaxFileSize) return Bad(StrCat(path, " claims ", file.size, " bytes"));
  if (const std::string hex = StringAt(entry, "sha256"); !hex.empty()) {
    ASSIGN_OR_RETURN(file.sha256, Digest::FromHex(hex));
  }
  const auto modified = entry.find("modified_ns");
  if (modified != entry.end() && modified->is_number_integer()) file.modified_ns = modified->get<int64_t>();
  if (!index.files.emplace(std::move(path), file).second) return Bad("a path is in it twice");
  return OkStatus();
}

}  // namespace

std::string DirectoryIndex::ToJson() const {
  json entries = json::array();
  for (const auto& [path, file] : files) {
    json entry = {{"path", path.str()}, {"size", file.size}};
    if (file.sha256) entry["sha256"] = file.sha256->Hex();
    if (file.modified_ns != 0) entry["modified_ns"] = file.modified_ns;
    entries.push_back(std::move(entry));
  }
  json object = {{"version", kVersion}, {"files", std::move(entries)}};
  if (!model.empty()) object["model"] = model;
  if (!commit.empty()) object["commit"] = commit;
  if (!state.empty()) object["state"] = state;
  if (!boot_id.empty()) object["boot_id"] = boot_id;
  return object.dump();
}

Result<DirectoryIndex> DirectoryIndex::FromJson(std::string_view text) {
  const json object = ParseShallow(text);
  if (!object.is_object()) return Bad("no JSON object");
  const auto version = object.find("version");
  if (version != object.end() && *version != kVersion) return Bad(StrCat("its version is not ", kVersion));
  const auto entries = object.find("files");
  if (entries == object.end() || !entries->is_array()) return Bad("it has no `files`");
  if (entries->size() > kMaxManifestFiles) return Bad(StrCat("more than ", kMaxManifestFiles, " files"));
  DirectoryIndex index{StringAt(object, "model"),
                       StringAt(object, "commit"),
                       StringAt(object, "state"),
                       StringAt(object, "boot_id"),
                       {}};
  for (const json& entry : *entries) RETURN_IF_ERROR(ReadFile(entry, index));
  return index;
}

uint64_t DirectoryIndex::TotalBytes() const { return SumOf(files); }

}  // namespace ballast
