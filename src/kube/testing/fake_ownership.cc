#include "kube/testing/fake_ownership.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr char kWriter[] = "\"ballast\" using Update";
constexpr char kFinalizers[] = "/metadata/finalizers";

std::string Escaped(const std::string& key) {
  std::string out;
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

// Nobody owns what names the object or what only the apiserver sets.
bool IsOwnable(const std::string& path) {
  if (path == "/apiVersion" || path == "/kind") return false;
  if (!path.starts_with("/metadata/")) return true;
  static constexpr std::array kOwnable = {"/metadata/labels", "/metadata/annotations", kFinalizers,
                                          "/metadata/ownerReferences"};
  return std::any_of(kOwnable.begin(), kOwnable.end(), [&](const char* prefix) { return path.starts_with(prefix); });
}

void Flatten(const Json& value, const std::string& path, std::map<std::string, Json>& leaves) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, child] : value.items()) Flatten(child, StrCat(path, "/", Escaped(key)), leaves);
  } else if (path == kFinalizers && value.is_array()) {
    for (const Json& item : value) leaves[StrCat(path, "/", Escaped(item.get<std::string>()))] = item;
  } else if (IsOwnable(path)) {
    leaves[path] = value;
  }
}

std::map<std::string, Json> LeavesOf(const Json& object) {
  std::map<std::string, Json> leaves;
  Flatten(object, "", leaves);
  return leaves;
}

bool IsFinalizer(const std::string& path) { return path.starts_with(StrCat(kFinalizers, "/")); }

void Set(Json& object, const std::string& path, const Json& value) {
  if (!IsFinalizer(path)) {
    object[Json::json_pointer(path)] = value;
    return;
  }
  Json& list = object["metadata"]["finalizers"];
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

void Remove(Json& object, const std::string& path, const Json& value) {
  if (IsFinalizer(path)) {
    Json& list = object["metadata"]["finalizers"];
    list.erase(std::remove(list.begin(), list.end(), value), list.end());
    return;
  }
  const Json::json_pointer pointer(path);
  if (object.contains(pointer)) object[pointer.parent_pointer()].erase(pointer.back());
}

}  // namespace

Result<Json> FieldOwners::Apply(const Json& live, const Json& applied, const std::string& manager) {
  const std::string owner = StrCat("\"", manager, "\"");
  const auto wanted = LeavesOf(applied);
  Paths paths;
  for (const auto& [path, value] : wanted) paths.insert(path);
  RETURN_IF_ERROR(CheckConflicts(live, applied, paths, owner));
  const auto before = LeavesOf(live);
  const Paths dropped = std::exchange(owned_[owner], paths);
  Json result = live;
  for (const std::string& path : dropped) {
    if (!HasOwner(path) && before.contains(path)) Remove(result, path, before.at(path));
  }
  for (const auto& [path, value] : wanted) Set(result, path, value);
  return result;
}

Status FieldOwners::CheckConflicts(const Json& live, const Json& applied, const Paths& paths,
                                   const std::string& manager) const {
  const auto now = LeavesOf(live);
  const auto wanted = LeavesOf(applied);
  std::vector<std::string> conflicts;
  for (const auto& [owner, theirs] : owned_) {
    if (owner == manager) continue;
    for (const std::string& path : paths) {
      const bool same = now.contains(path) && now.at(path) == wanted.at(path);
      if (!same && theirs.contains(path)) conflicts.push_back(StrCat(owner, ": ", path));
    }
  }
  if (conflicts.empty()) return OkStatus();
  return FailedPrecondition(StrCat("Apply failed with ", conflicts.size(), " conflicts with ", Join(conflicts, ", ")));
}

void FieldOwners::Wrote(const Json& before, const Json& after) {
  const auto old_leaves = LeavesOf(before);
  const auto new_leaves = LeavesOf(after);
  for (auto& [owner, paths] : owned_) {
    std::erase_if(paths, [&](const std::string& path) {
      return !new_leaves.contains(path) || !old_leaves.contains(path) || old_leaves.at(path) != new_leaves.at(path);
    });
  }
  for (const auto& [path, value] : new_leaves) {
    if (!old_leaves.contains(path) || old_leaves.at(path) != value) owned_[kWriter].insert(path);
  }
}

bool FieldOwners::HasOwner(const std::string& path) const {
  return std::any_of(owned_.begin(), owned_.end(), [&](const auto& entry) { return entry.second.contains(path); });
}

}  // namespace ballast
