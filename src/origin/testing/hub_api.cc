#include "origin/testing/hub_api.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "origin/testing/hub_url.h"

namespace ballast::hub {
namespace {

using Kind = Route::Kind;

std::string JoinFrom(const std::vector<std::string>& segments, size_t begin) {
  if (begin >= segments.size()) return "";
  return Join(std::vector<std::string>(segments.begin() + static_cast<std::ptrdiff_t>(begin), segments.end()), "/");
}

bool IsType(const std::string& segment) { return segment == "models" || segment == "datasets" || segment == "spaces"; }

bool IsVerb(const std::string& segment) {
  static constexpr std::string_view kVerbs[] = {"revision", "tree", "refs", "paths-info", "commits", "auth-check"};
  return std::find(std::begin(kVerbs), std::end(kVerbs), segment) != std::end(kVerbs);
}

std::string At(const std::vector<std::string>& segments, size_t index) {
  return index < segments.size() ? segments[index] : "";
}

// /api/models/{id}[/verb[/revision[/path]]], where an id is "org/name" or an old "name".
Route ParseApi(const std::vector<std::string>& segments) {
  if (At(segments, 1) == "agent-harnesses") return {.kind = Kind::kHarnesses};
  if (At(segments, 1) == "whoami-v2") return {.kind = Kind::kWhoAmI};
  if (At(segments, 1) == "resolve-cache" && segments.size() >= 7) {
    return {.kind = Kind::kResolveCache,
            .type = segments[2],
            .id = segments[3] + "/" + segments[4],
            .revision = segments[5],
            .path = JoinFrom(segments, 6)};
  }
  if (!IsType(At(segments, 1)) || segments.size() < 3) return {};
  bool short_id = segments.size() == 3 || IsVerb(segments[3]);
  size_t verb = short_id ? 3 : 4;
  return {.kind = Kind::kApi,
          .type = segments[1],
          .id = short_id ? segments[2] : segments[2] + "/" + segments[3],
          .verb = At(segments, verb),
          .revision = At(segments, verb + 1),
          .path = JoinFrom(segments, verb + 2)};
}

// /[datasets/]{id}/resolve/{revision}/{path}
Route ParseResolve(const std::vector<std::string>& segments) {
  size_t begin = IsType(At(segments, 0)) ? 1 : 0;
  auto resolve = std::find(segments.begin(), segments.end(), "resolve");
  size_t at = static_cast<size_t>(resolve - segments.begin());
  if (at <= begin || at > begin + 2 || segments.size() < at + 3) return {};
  std::string id = at == begin + 1 ? segments[begin] : segments[begin] + "/" + segments[begin + 1];
  return {.kind = Kind::kResolve,
          .type = begin == 0 ? "models" : segments[0],
          .id = id,
          .revision = segments[at + 1],
          .path = JoinFrom(segments, at + 2)};
}

std::optional<Reply> RefuseContent(const Repository& repository, const std::string& token) {
  if (!repository.access.gated || repository.access.Grants(token)) return std::nullopt;
  if (token.empty()) {
    return ErrorReply(401, "GatedRepo",
                      StrCat("Access to model ", repository.id,
                             " is restricted. You must have access to it and be "
                             "authenticated to access it. Please log in."));
  }
  return ErrorReply(403, "GatedRepo",
                    StrCat("Access to model ", repository.id,
                           " is restricted and you are not in the authorized list. "
                           "Visit its page to ask for access."));
}

std::optional<Reply> RefuseRepository(const Repository* repository, const std::string& token) {
  bool visible = repository != nullptr && (!repository->access.is_private || repository->access.Grants(token));
  if (visible) return std::nullopt;
  if (token.empty()) return ErrorReply(401, "RepoNotFound", "Invalid username or password.");
  return ErrorReply(404, "RepoNotFound", "Repository not found");
}

Reply AnswerRepository(const Site& site, const Request& request, const Route& route) {
  std::string token = BearerToken(request);
  std::shared_ptr<const Repository> repository = site.find(route.type, route.id);
  if (auto refused = RefuseRepository(repository.get(), token)) return *refused;
  bool content = route.kind != Kind::kApi || route.verb == "auth-check";
  if (content) {
    if (auto refused = RefuseContent(*repository, token)) return *refused;
  }
  return route.kind == Kind::kApi ? AnswerApi(site, request, route, *repository)
                                  : AnswerResolve(site, request, route, *repository);
}

}  // namespace

std::string BearerToken(const Request& request) {
  std::string value = request.Header("authorization");
  return ToLower(value).starts_with("bearer ") ? std::string(Trim(std::string_view(value).substr(7))) : "";
}

Route ParseRoute(std::string_view path) {
  std::vector<std::string> segments = Segments(path);
  return At(segments, 0) == "api" ? ParseApi(segments) : ParseResolve(segments);
}

Reply AnswerHub(const Site& site, const Request& request) {
  if (!request.path.starts_with(site.prefix)) return TextReply(404, "text/plain", "no such repository path");
  Route route = ParseRoute(std::string_view(request.path).substr(site.prefix.size()));
  std::string token = BearerToken(request);
  if (!token.empty() && !site.known_token(token)) {
    return ErrorReply(401, "", "Invalid credentials in Authorization header");
  }
  switch (route.kind) {
    case Kind::kHarnesses:
      return TextReply(200, "application/json", R"({"standardEnvVars":[],"harnesses":{}})");
    case Kind::kWhoAmI:
      if (token.empty()) return ErrorReply(401, "", "Invalid username or password.");
      return TextReply(200, "application/json", R"({"type":"user","name":"user","fullname":"A user","orgs":[]})");
    case Kind::kUnknown:
      return ErrorReply(404, "", "Sorry, we can't find the page you are looking for.");
    default:
      return AnswerRepository(site, request, route);
  }
}

}  // namespace ballast::hub
