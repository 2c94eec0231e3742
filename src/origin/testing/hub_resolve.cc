// Where files come from: LFS ones from the CDN by a redirect, plain ones straight away.
#include "base/strings.h"
#include "origin/testing/hub_api.h"
#include "origin/testing/hub_url.h"

namespace ballast::hub {
namespace {

std::string Disposition(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  return StrCat("inline; filename*=UTF-8''", PercentEncode(name), ";");
}

Reply Redirect(int status, const std::string& location, const Entry& entry) {
  Reply reply =
      TextReply(status, "text/plain; charset=utf-8", StrCat(StatusText(status), ". Redirecting to ", location));
  reply.Set("Location", location).Set("Accept-Ranges", "bytes");
  return reply.Set("X-Linked-Size", StrCat(entry.size)).Set("X-Linked-ETag", StrCat('"', entry.etag(), '"'));
}

std::string ResolveCachePath(const Site& site, const Repository& repository, const Revision& revision,
                             const Entry& entry) {
  return StrCat(site.prefix, "/api/resolve-cache/", repository.type, "/", repository.id, "/", revision.commit, "/",
                PercentEncode(entry.path), "?etag=%22", entry.etag(), "%22");
}

}  // namespace

Reply AnswerResolve(const Site& site, const Request& request, const Route& route, const Repository& repository) {
  if (request.method != "GET" && request.method != "HEAD") return ErrorReply(405, "", "Method not allowed");
  std::shared_ptr<const Revision> revision = repository.Resolve(route.revision);
  if (revision == nullptr) {
    return ErrorReply(404, "RevisionNotFound", StrCat("Invalid rev id: ", route.revision));
  }
  const Entry* entry = revision->Find(route.path);
  if (entry == nullptr || entry->directory) {
    return ErrorReply(404, "EntryNotFound", "Entry not found").Set("X-Repo-Commit", revision->commit);
  }
  std::string file = repository.name() + "/" + entry->path;
  Reply reply;
  if (entry->lfs) {
    reply = Redirect(302, site.sign(*entry, file), *entry);
  } else if (site.resolve_cache && route.kind == Route::Kind::kResolve) {
    reply = Redirect(307, ResolveCachePath(site, repository, *revision, *entry), *entry);
  } else {
    reply = FileReply(entry->content, entry->etag(), file).Set("Content-Type", "text/plain; charset=utf-8");
  }
  return reply.Set("X-Repo-Commit", revision->commit).Set("Content-Disposition", Disposition(entry->path));
}

}  // namespace ballast::hub
