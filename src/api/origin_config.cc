#include "api/origin_config.h"

#include <algorithm>
#include <array>

#include "api/yaml_reader.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr int kMostConnections = 64;
constexpr size_t kMaxNameBytes = 63;
constexpr std::array<std::string_view, 3> kSchemes = {"hf://", "file://", "https://"};

void ReadName(YamlReader& yaml, OriginConfig& origin) {
  yaml.Require("name");
  yaml.String("name", origin.name);
  const bool dns_label = origin.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!dns_label || origin.name.size() > kMaxNameBytes || origin.name.starts_with('-') || origin.name.ends_with('-')) {
    yaml.Fail("name", StrCat(Quoted(origin.name), " is not a name: lower-case letters, digits and '-' inside, at most ",
                             kMaxNameBytes));
  }
}

void ReadMatch(YamlReader& yaml, OriginConfig& origin) {
  yaml.Require("match");
  yaml.String("match", origin.match);
  const auto is_prefix = [&](std::string_view scheme) { return origin.match.starts_with(scheme); };
  if (yaml.ok() && std::none_of(kSchemes.begin(), kSchemes.end(), is_prefix)) {
    yaml.Fail("match", StrCat(Quoted(origin.match), " must begin with hf://, file:// or https://"));
  }
}

void ReadHttpUrl(YamlReader& yaml, std::string_view key, std::string& url) {
  yaml.String(key, url);
  while (url.ends_with('/')) url.pop_back();
  if (!yaml.Has(key)) return;
  const bool http = url.starts_with("http://") || url.starts_with("https://");
  if (!http || url.ends_with("//") || url.ends_with(":") || url.find_first_of("?# \t\n") != url.npos) {
    const std::string shown = url.substr(url.rfind('@') + 1);  // a proxy's password stays out of the log
    yaml.Fail(key, StrCat(Quoted(shown), " is not a URL like https://host:port/prefix"));
  }
}

void ReadPath(YamlReader& yaml, std::string_view key, std::string& path) {
  yaml.String(key, path);
  if (yaml.Has(key) && !path.starts_with('/')) yaml.Fail(key, StrCat(Quoted(path), " must be an absolute path"));
}

void ReadProxy(YamlReader& yaml, ProxyConfig& proxy) {
  ReadHttpUrl(yaml, "http", proxy.http);
  ReadHttpUrl(yaml, "https", proxy.https);
  yaml.Strings("noProxy", proxy.no_proxy);
}

void ReadRoots(YamlReader& yaml, OriginConfig& origin) {
  yaml.Strings("roots", origin.roots);
  for (const std::string& root : origin.roots) {
    if (!root.starts_with('/')) yaml.Fail("roots", StrCat(Quoted(root), " must be an absolute path"));
  }
}

// A key that would be ignored is a misunderstanding.
void CheckKeysOfScheme(YamlReader& yaml, const OriginConfig& origin) {
  const bool file = origin.match.starts_with("file://");
  if (file && origin.roots.empty()) yaml.Fail("roots", "is missing: the directories below which models may lie");
  if (!file && yaml.Has("roots")) yaml.Fail("roots", "is for file:// only");
  if (!origin.match.starts_with("hf://") && yaml.Has("endpoint")) yaml.Fail("endpoint", "is for hf:// only");
  for (const std::string_view key : {"caBundle", "proxy", "tokenFile", "allowPrivateAddresses", "maxConnections"}) {
    if (file && yaml.Has(key)) yaml.Fail(key, "has no meaning for file://");
  }
}

void ReadOrigin(YamlReader& yaml, OriginConfig& origin) {
  ReadName(yaml, origin);
  ReadMatch(yaml, origin);
  ReadHttpUrl(yaml, "endpoint", origin.endpoint);
  ReadPath(yaml, "caBundle", origin.ca_bundle);
  yaml.Object("proxy", [&](YamlReader& proxy) { ReadProxy(proxy, origin.proxy); });
  ReadPath(yaml, "tokenFile", origin.token_file);
  yaml.Bool("allowPrivateAddresses", origin.allow_private_addresses);
  ReadRoots(yaml, origin);
  yaml.Int("maxConnections", 1, kMostConnections, origin.max_connections);
  CheckKeysOfScheme(yaml, origin);
}

}  // namespace

std::vector<OriginConfig> ReadOrigins(YamlReader& config) {
  std::vector<OriginConfig> origins;
  config.Objects("origins", [&](YamlReader& yaml) {
    OriginConfig origin;
    ReadOrigin(yaml, origin);
    const auto same_name = [&](const OriginConfig& other) { return other.name == origin.name; };
    if (std::any_of(origins.begin(), origins.end(), same_name)) {
      yaml.Fail("name", StrCat("origin ", Quoted(origin.name), " occurs twice"));
    }
    origins.push_back(std::move(origin));
  });
  return origins;
}

}  // namespace ballast
