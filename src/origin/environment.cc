#include "origin/environment.h"

#include <unistd.h>

#include <cstdlib>
#include <initializer_list>

#include "base/strings.h"

namespace ballast {
namespace {

std::string FirstOf(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const std::string value = environment(name);
    if (const std::string_view trimmed = Trim(value); !trimmed.empty()) return std::string(trimmed);
  }
  return "";
}

std::string Cache(const Environment& environment) {
  const std::string cache = FirstOf(environment, {"XDG_CACHE_HOME"});
  return cache.empty() ? FirstOf(environment, {"HOME"}) + "/.cache" : cache;
}

std::string TokenFile(const Environment& environment) {
  if (std::string path = FirstOf(environment, {"HF_TOKEN_PATH"}); !path.empty()) return path;
  std::string home = FirstOf(environment, {"HF_HOME"});
  if (home.empty()) home = Cache(environment) + "/huggingface";
  return home + "/token";
}

std::string Proxy(const Environment& environment, std::initializer_list<const char*> names) {
  std::string proxy = FirstOf(environment, names);
  if (proxy.empty()) proxy = FirstOf(environment, {"all_proxy", "ALL_PROXY"});
  return proxy.empty() || proxy.find("://") != std::string::npos ? proxy : "http://" + proxy;
}

ProxyConfig Proxies(const Environment& environment) {
  ProxyConfig config{.http = Proxy(environment, {"http_proxy", "HTTP_PROXY"}),
                     .https = Proxy(environment, {"https_proxy", "HTTPS_PROXY"})};
  const std::string exempt = FirstOf(environment, {"no_proxy", "NO_PROXY"});
  for (const std::string_view entry : Split(exempt, ',')) {
    if (!Trim(entry).empty()) config.no_proxy.emplace_back(Trim(entry));
  }
  return config;
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::string {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets variables here
    return value == nullptr ? "" : value;
  };
}

OriginConfig FromEnvironment(const Environment& environment) {
  OriginConfig config{.name = "hub", .match = "hf://"};
  config.endpoint = FirstOf(environment, {"HF_ENDPOINT"});
  while (config.endpoint.ends_with('/')) config.endpoint.pop_back();
  config.allow_private_addresses = !config.endpoint.empty();
  config.ca_bundle = FirstOf(environment, {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"});
  config.proxy = Proxies(environment);
  config.token = FirstOf(environment, {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"});
  if (!config.token.empty()) return config;
  const std::string file = TokenFile(environment);
  if (access(file.c_str(), F_OK) == 0) config.token_file = file;
  return config;
}

}  // namespace ballast
