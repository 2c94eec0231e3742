#include "origin/origin_set.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/strings.h"
#include "origin/file_origin.h"
#include "origin/https_origin.h"
#include "origin/hugging_face.h"
#include "origin/origin_metrics.h"

namespace ballast {
namespace {

constexpr std::string_view kHub = "hf://";
constexpr std::string_view kFile = "file://";
constexpr std::string_view kHttps = "https://";

std::string_view SchemeOf(std::string_view match) {
  for (const std::string_view scheme : {kHub, kFile, kHttps}) {
    if (match.starts_with(scheme)) return scheme;
  }
  return "";
}

void AddDefault(std::vector<OriginConfig>& configs, std::string_view scheme, std::string name) {
  const auto serves = [&](const OriginConfig& config) { return SchemeOf(config.match) == scheme; };
  if (std::any_of(configs.begin(), configs.end(), serves)) return;
  const auto same_name = [&](const OriginConfig& config) { return config.name == name; };
  if (std::any_of(configs.begin(), configs.end(), same_name)) name += "-default";
  configs.push_back({.name = std::move(name), .match = std::string(scheme)});
}

Status CheckProxy(const OriginConfig& config) {
  for (const std::string& proxy : {config.proxy.http, config.proxy.https}) {
    if (!proxy.empty() && !proxy.starts_with("http://") && !proxy.starts_with("https://")) {
      return InvalidArgument("its proxy must be a URL like http://proxy.example:3128");
    }
  }
  return OkStatus();
}

Status CheckConfig(const OriginConfig& config) {
  const std::string_view scheme = SchemeOf(config.match);
  if (scheme.empty()) {
    return InvalidArgument(StrCat("its match ", Quoted(config.match), " must begin with hf://, file:// or https://"));
  }
  const bool has_token = !config.token.empty() || !config.token_file.empty();
  if (scheme == kHttps && has_token && config.match.size() == kHttps.size()) {
    return InvalidArgument("its token would be sent to any host: let match name one, like https://models.example/");
  }
  return CheckProxy(config);
}

HttpOptions HttpFor(const OriginConfig& config, prometheus::Registry* registry) {
  return {.allow_private_addresses = config.allow_private_addresses,
          .ca_bundle = config.ca_bundle,
          .proxy = config.proxy,
          .max_connections = config.max_connections,
          .on_answer = CountAnswers(registry, config.name)};
}

// Any host is one that a stranger may have.
bool IsOfAnyHost(const OriginConfig& config) { return config.match == kHttps; }

Result<std::unique_ptr<Origin>> MakeOrigin(const OriginConfig& config, const Clock& clock,
                                           prometheus::Registry* registry, const LoadToken& load) {
  const TokenSource token = load ? TokenSource{.load = IsOfAnyHost(config) ? LoadToken() : load}
                                 : TokenSource{config.token, config.token_file};
  const std::string_view scheme = SchemeOf(config.match);
  if (scheme == kFile) return std::unique_ptr<Origin>(std::make_unique<FileOrigin>(config.name, config.roots));
  if (scheme == kHttps) {
    HttpsOriginOptions options{.name = config.name, .token = token, .http = HttpFor(config, registry)};
    return std::unique_ptr<Origin>(std::make_unique<HttpsOrigin>(std::move(options), clock));
  }
  HuggingFaceOptions options{.name = config.name, .token = token, .http = HttpFor(config, registry)};
  if (!config.endpoint.empty()) options.endpoint = config.endpoint;
  ASSIGN_OR_RETURN(auto hub, HuggingFace::Make(std::move(options), clock));
  return std::unique_ptr<Origin>(std::move(hub));
}

}  // namespace

bool MatchesUri(std::string_view match, std::string_view uri) {
  if (!uri.starts_with(match)) return false;
  return match.size() == uri.size() || match.ends_with('/') || uri[match.size()] == '/';
}

Result<std::unique_ptr<OriginSet>> OriginSet::Make(std::vector<OriginConfig> configs, const Clock& clock,
                                                   prometheus::Registry* registry, LoadToken load) {
  AddDefault(configs, kHub, "hub");
  AddDefault(configs, kHttps, "https");
  std::vector<Member> members;
  std::set<std::string> names;
  for (const OriginConfig& config : configs) {
    const std::string who = StrCat("origin ", Quoted(config.name));
    if (!names.insert(config.name).second) return InvalidArgument(StrCat(who, " is configured twice"));
    RETURN_IF_ERROR(CheckConfig(config).WithContext(who));
    auto origin = MakeOrigin(config, clock, registry, load);
    if (!origin.ok()) return origin.status();
    members.push_back({config.name, config.match, *std::move(origin)});
  }
  return std::unique_ptr<OriginSet>(new OriginSet(std::move(members)));
}

Result<Origin*> OriginSet::Select(const ModelRef& ref, std::string_view name) const {
  const std::string uri = ref.Uri();
  const Member* best = nullptr;
  for (const Member& member : members_) {
    const bool named = !name.empty() && member.name == name;
    // A URL is where its token would go, so that a name alone must not lead it elsewhere.
    const bool serves =
        SchemeOf(member.match) == kHttps ? MatchesUri(member.match, uri) : SchemeOf(member.match) == SchemeOf(uri);
    if (named && !serves) {
      return InvalidArgument(StrCat("origin ", Quoted(name), " serves ", member.match, ", so not ", uri));
    }
    const bool fits = name.empty() && MatchesUri(member.match, uri);
    if (named || (fits && (best == nullptr || member.match.size() > best->match.size()))) best = &member;
  }
  if (best != nullptr) return best->origin.get();
  if (!name.empty()) return NotFound(StrCat("no origin is named ", Quoted(name), "; there are ", Known()));
  return NotFound(StrCat("no origin serves ", uri, "; there are ", Known(), ". Add one with a match for it"));
}

std::string OriginSet::Known() const {
  std::vector<std::string> known;
  for (const Member& member : members_) known.push_back(StrCat(member.name, " (", member.match, ")"));
  return Join(known, ", ");
}

}  // namespace ballast
