#include "origin/testing/hub_content.h"

#include <algorithm>
#include <map>
#include <system_error>

#include "base/strings.h"
#include "origin/testing/hub_digest.h"

namespace ballast::hub {
namespace fs = std::filesystem;
namespace {

// A directory while its git hash is computed: name -> (is a directory, object id).
struct Tree {
  std::map<std::string, Tree> directories;
  std::map<std::string, std::string> files;
};

void Insert(Tree& root, std::string_view path, const std::string& oid) {
  Tree* at = &root;
  std::vector<std::string_view> parts = Split(path, '/');
  for (size_t i = 0; i + 1 < parts.size(); ++i) at = &at->directories[std::string(parts[i])];
  at->files[std::string(parts.back())] = oid;
}

// git orders directories as if their name ended in '/'.
std::string HashTree(const Tree& tree, const std::string& path, std::vector<Entry>& directories) {
  std::map<std::string, std::string> lines;
  for (const auto& [name, oid] : tree.files) lines[name] = StrCat("100644 ", name, '\0', HexDecode(oid));
  for (const auto& [name, child] : tree.directories) {
    std::string below = path.empty() ? name : StrCat(path, "/", name);
    std::string oid = HashTree(child, below, directories);
    directories.push_back({.path = below, .directory = true, .oid = oid});
    lines[name + "/"] = StrCat("40000 ", name, '\0', HexDecode(oid));
  }
  std::string object;
  for (const auto& [key, line] : lines) object += line;
  return GitSha1("tree", object);
}

bool IsLfs(const File& file, uint64_t size, const LfsRule& rule) {
  if (file.lfs) return *file.lfs;
  return size >= rule.threshold || std::any_of(rule.globs.begin(), rule.globs.end(),
                                               [&](const std::string& glob) { return GlobMatches(glob, file.path); });
}

Result<Content> MakeContent(const File& file) {
  if (file.source.empty()) {
    return Content{.bytes = std::make_shared<const std::string>(file.bytes), .size = file.bytes.size()};
  }
  std::error_code error;
  uint64_t size = fs::file_size(file.source, error);
  if (error)
    return NotFound(StrCat("the hub stand-in cannot read ", Quoted(file.source.string()), ": ", error.message()));
  return Content{.source = file.source, .size = size};
}

Result<std::string> ContentSha256(const Content& content) {
  if (content.bytes) return Sha256(*content.bytes);
  return Sha256OfFile(content.source);
}

Result<std::string> ContentGitSha1(const Content& content) {
  if (content.bytes) return GitSha1("blob", *content.bytes);
  return GitBlobSha1OfFile(content.source, content.size);
}

Result<Entry> MakeEntry(const File& file, const LfsRule& rule) {
  ASSIGN_OR_RETURN(Content content, MakeContent(file));
  bool lfs = IsLfs(file, content.size, rule);
  ASSIGN_OR_RETURN(std::string oid, file.claimed_oid ? *file.claimed_oid
                                    : lfs            ? ContentSha256(content)
                                                     : ContentGitSha1(content));
  Entry entry{.path = file.path, .oid = oid, .size = file.claimed_size.value_or(static_cast<int64_t>(content.size))};
  if (lfs) {
    std::string pointer = LfsPointer(oid, content.size);
    entry.oid = GitSha1("blob", pointer);
    entry.lfs = Lfs{.sha256 = oid, .pointer_size = pointer.size()};
  }
  entry.content = std::move(content);
  return entry;
}

bool Hidden(const fs::path& path) { return path.filename().string().starts_with(".hub") || path.filename() == ".git"; }

}  // namespace

const Entry* Revision::Find(std::string_view path) const {
  auto at = std::lower_bound(entries.begin(), entries.end(), path,
                             [](const Entry& entry, std::string_view wanted) { return entry.path < wanted; });
  return at != entries.end() && at->path == path ? &*at : nullptr;
}

Result<Revision> BuildRevision(std::string_view repository, const std::vector<File>& files, const LfsRule& rule) {
  Revision revision;
  Tree root;
  for (const File& file : files) {
    ASSIGN_OR_RETURN(Entry entry, MakeEntry(file, rule));
    Insert(root, entry.path, entry.oid);
    revision.entries.push_back(std::move(entry));
  }
  std::string tree = HashTree(root, "", revision.entries);
  std::stable_sort(revision.entries.begin(), revision.entries.end(),
                   [](const Entry& a, const Entry& b) { return a.path < b.path; });
  revision.commit = GitSha1("commit", StrCat("tree ", tree, "\n\n", repository, "\n"));
  return revision;
}

Result<std::vector<File>> ReadFolder(const fs::path& folder) {
  std::vector<File> files;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::follow_directory_symlink, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (Hidden(at->path())) {
      at.disable_recursion_pending();
    } else if (at->is_regular_file()) {
      files.push_back({.path = at->path().lexically_relative(folder).string(), .source = at->path()});
    }
  }
  if (error) return NotFound(StrCat("the hub stand-in cannot list ", Quoted(folder.string()), ": ", error.message()));
  return files;
}

bool GlobMatches(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace ballast::hub
