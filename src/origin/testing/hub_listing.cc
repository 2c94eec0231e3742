// The JSON routes of a repository: info, tree, refs, paths-info, commits, auth-check.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "origin/testing/hub_api.h"
#include "origin/testing/hub_url.h"

namespace ballast::hub {
namespace {

using Json = nlohmann::ordered_json;
using Query = std::multimap<std::string, std::string>;

constexpr const char* kDate = "2026-01-02T03:04:05.000Z";

Reply JsonReply(const Json& json) {
  return TextReply(200, "application/json; charset=utf-8", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

bool IsTrue(const Query& query, const std::string& key) {
  auto at = query.find(key);
  return at != query.end() && (ToLower(at->second) == "true" || at->second == "1");
}

// A gated repository shows names and sizes to everybody, hashes only to those who may read it.
struct Masking {
  bool hidden;
  std::string Of(const std::string& hash) const { return hidden ? std::string(hash.size(), '*') : hash; }
};

Masking MaskingFor(const Repository& repository, const Request& request) {
  return {repository.access.gated && !repository.access.Grants(BearerToken(request))};
}

Json TreeEntry(const Entry& entry, const Masking& masking, bool expand, const std::string& commit) {
  Json json = {{"type", entry.directory ? "directory" : "file"},
               {"oid", masking.Of(entry.oid)},
               {"size", entry.size},
               {"path", entry.path}};
  if (entry.lfs) {
    json["lfs"] = {
        {"oid", masking.Of(entry.lfs->sha256)}, {"size", entry.size}, {"pointerSize", entry.lfs->pointer_size}};
  }
  if (expand) json["lastCommit"] = {{"id", commit}, {"title", "Publish"}, {"date", kDate}};
  return json;
}

Json Sibling(const Entry& entry, const Masking& masking, bool blobs) {
  Json json = {{"rfilename", entry.path}};
  if (!blobs) return json;
  json["size"] = entry.size;
  json["blobId"] = masking.Of(entry.oid);
  if (entry.lfs) {
    json["lfs"] = {
        {"sha256", masking.Of(entry.lfs->sha256)}, {"size", entry.size}, {"pointerSize", entry.lfs->pointer_size}};
  }
  return json;
}

Reply Info(const Request& request, const Repository& repository, const Revision& revision) {
  bool blobs = IsTrue(ParseQuery(request.query), "blobs");
  Masking masking = MaskingFor(repository, request);
  Json siblings = Json::array();
  for (const Entry& entry : revision.entries) {
    if (!entry.directory) siblings.push_back(Sibling(entry, masking, blobs));
  }
  return JsonReply({{"_id", "65a0000000000000000000aa"},
                    {"id", repository.id},
                    {"modelId", repository.id},
                    {"author", repository.id.substr(0, repository.id.find('/'))},
                    {"sha", revision.commit},
                    {"lastModified", kDate},
                    {"createdAt", kDate},
                    {"private", repository.access.is_private},
                    {"gated", repository.access.gated ? Json("auto") : Json(false)},
                    {"disabled", false},
                    {"downloads", 0},
                    {"likes", 0},
                    {"tags", Json::array()},
                    {"siblings", std::move(siblings)}});
}

// The entries below `path` ("" = all), directly or at any depth.
std::vector<const Entry*> Below(const Revision& revision, const std::string& path, bool recursive) {
  std::string prefix = path.empty() ? "" : path + "/";
  auto at = std::lower_bound(revision.entries.begin(), revision.entries.end(), prefix,
                             [](const Entry& entry, const std::string& wanted) { return entry.path < wanted; });
  std::vector<const Entry*> below;
  for (; at != revision.entries.end() && at->path.starts_with(prefix); ++at) {
    if (recursive || at->path.find('/', prefix.size()) == std::string::npos) below.push_back(&*at);
  }
  return below;
}

uint64_t Number(const Query& query, const std::string& key, uint64_t otherwise) {
  auto at = query.find(key);
  uint64_t value = 0;
  return at != query.end() && ParseUint64(at->second, value) ? value : otherwise;
}

std::string NextPage(const Site& site, const Request& request, Query query, size_t cursor) {
  query.erase("cursor");
  query.emplace("cursor", StrCat(cursor));
  std::vector<std::string> parts;
  for (const auto& [key, value] : query) parts.push_back(PercentEncode(key) + "=" + PercentEncode(value));
  return StrCat("<", site.origin, request.path, "?", Join(parts, "&"), ">; rel=\"next\"");
}

Reply TreePage(const Site& site, const Request& request, const Route& route, const Repository& repository,
               const Revision& revision) {
  const Entry* folder = revision.Find(route.path);
  if (!route.path.empty() && (folder == nullptr || !folder->directory)) {
    return ErrorReply(404, "EntryNotFound", StrCat(route.path, " does not exist on \"", route.revision, "\""))
        .Set("X-Repo-Commit", revision.commit);
  }
  Query query = ParseQuery(request.query);
  std::vector<const Entry*> entries = Below(revision, route.path, IsTrue(query, "recursive"));
  size_t begin = std::min<uint64_t>(Number(query, "cursor", 0), entries.size());
  size_t page = std::clamp<uint64_t>(Number(query, "limit", site.page_size), 1, std::max<size_t>(site.page_size, 1));
  size_t end = std::min(begin + page, entries.size());
  Masking masking = MaskingFor(repository, request);
  Json json = Json::array();
  for (size_t i = begin; i < end; ++i) {
    json.push_back(TreeEntry(*entries[i], masking, IsTrue(query, "expand"), revision.commit));
  }
  Reply reply = JsonReply(json);
  if (end < entries.size()) reply.Set("Link", NextPage(site, request, query, end));
  return reply;
}

// The names asked for: {"paths": [..]} or paths=a&paths=b, as the client's versions differ.
std::vector<std::string> AskedPaths(const Request& request) {
  std::vector<std::string> paths;
  Json json = Json::parse(request.body, nullptr, false);
  if (json.is_object() && json.contains("paths")) {
    for (const Json& path : json["paths"]) {
      if (path.is_string()) paths.push_back(path.get<std::string>());
    }
    return paths;
  }
  Query query = ParseQuery(request.body);
  for (auto [at, end] = query.equal_range("paths"); at != end; ++at) paths.push_back(at->second);
  return paths;
}

Reply PathsInfo(const Request& request, const Repository& repository, const Revision& revision) {
  Json json = Json::array();
  for (const std::string& path : AskedPaths(request)) {
    const Entry* entry = revision.Find(path);
    if (entry != nullptr) json.push_back(TreeEntry(*entry, MaskingFor(repository, request), false, revision.commit));
  }
  return JsonReply(json);
}

Json Refs(const std::map<std::string, std::string>& names, const std::string& prefix) {
  Json json = Json::array();
  for (const auto& [name, commit] : names) {
    if (name.starts_with("refs/")) continue;  // a pull request, not a branch
    json.push_back({{"name", name}, {"ref", prefix + name}, {"targetCommit", commit}});
  }
  return json;
}

Reply AllRefs(const Repository& repository) {
  return JsonReply({{"tags", Refs(repository.tags, "refs/tags/")},
                    {"branches", Refs(repository.branches, "refs/heads/")},
                    {"converts", Json::array()}});
}

Reply Commits(const Revision& revision) {
  return JsonReply(Json::array({{{"id", revision.commit},
                                 {"title", "Publish"},
                                 {"message", ""},
                                 {"authors", Json::array({{{"user", "user"}}})},
                                 {"date", kDate}}}));
}

}  // namespace

Reply AnswerApi(const Site& site, const Request& request, const Route& route, const Repository& repository) {
  if (route.verb == "refs") return AllRefs(repository);
  if (route.verb == "auth-check") return JsonReply(Json::object());
  std::shared_ptr<const Revision> revision = repository.Resolve(route.revision.empty() ? "main" : route.revision);
  if (revision == nullptr) {
    return ErrorReply(404, "RevisionNotFound", StrCat("Invalid rev id: ", route.revision));
  }
  if (route.verb.empty() || route.verb == "revision") return Info(request, repository, *revision);
  if (route.verb == "tree") return TreePage(site, request, route, repository, *revision);
  if (route.verb == "paths-info") return PathsInfo(request, repository, *revision);
  if (route.verb == "commits") return Commits(*revision);
  return ErrorReply(404, "", "Sorry, we can't find the page you are looking for.");
}

}  // namespace ballast::hub
