// What a hub answers: a function of the request, the repositories and the site's settings.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "origin/testing/hub_reply.h"
#include "origin/testing/hub_repository.h"
#include "origin/testing/hub_request.h"

namespace ballast::hub {

// What answers depend on beside the request.
struct Site {
  std::string origin;  // "http://127.0.0.1:40123"
  std::string prefix;  // "" or "/api/huggingfaceml/hf-remote"
  size_t page_size = 1000;
  bool resolve_cache = false;
  std::function<std::shared_ptr<const Repository>(const std::string& type, const std::string& id)> find;
  std::function<bool(const std::string& token)> known_token;
  std::function<std::string(const Entry& entry, const std::string& file)> sign;  // an absolute CDN URL
};

// The token of "Authorization: Bearer ..."; "" if there is none.
std::string BearerToken(const Request& request);

// Everything on the hub port, before ranges and faults.
Reply AnswerHub(const Site& site, const Request& request);

// Parts of AnswerHub, each in its own file.
struct Route {
  enum class Kind : uint8_t { kUnknown, kHarnesses, kWhoAmI, kApi, kResolve, kResolveCache };
  Kind kind = Kind::kUnknown;
  std::string type;  // "models"
  std::string id;
  std::string verb;      // of kApi: "", "revision", "tree", ...
  std::string revision;  // "" if the path has none
  std::string path;      // decoded
};
// `path` is raw and without the prefix.
Route ParseRoute(std::string_view path);

Reply AnswerApi(const Site& site, const Request& request, const Route& route, const Repository& repository);
Reply AnswerResolve(const Site& site, const Request& request, const Route& route, const Repository& repository);

}  // namespace ballast::hub
