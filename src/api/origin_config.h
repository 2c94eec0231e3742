// Named origins of the configuration (`origins:` in ballast.yaml).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ballast {

class YamlReader;

struct ProxyConfig {
  std::string http;                   // "http://proxy.example:3128", for http:// requests
  std::string https;                  // for https:// requests (CONNECT)
  std::vector<std::string> no_proxy;  // ".example", "10.0.0.0/8", "host"

  friend bool operator==(const ProxyConfig&, const ProxyConfig&) = default;
};

struct OriginConfig {
  std::string name;       // "hub"
  std::string match;      // "hf://", "file://", "https://", or a longer prefix of a model URI
  std::string endpoint;   // hf: base URL, a path prefix is kept, no slash at its end; "" = the public hub
  std::string ca_bundle;  // PEM file added to the system's roots; reread when it changes
  ProxyConfig proxy;
  std::string token_file;                // holds the bearer token; reread for each resolve
  std::string token;                     // a token itself; from the environment of the command line, never from a file
  bool allow_private_addresses = false;  // loopback, link-local and private ranges are refused otherwise
  std::vector<std::string> roots;        // file: directories below which models may lie
  int max_connections = 8;

  friend bool operator==(const OriginConfig&, const OriginConfig&) = default;
};

// The list under `origins` of a configuration, in its order; empty where the key is absent. Keys are the fields above
// in camelCase, `proxy` with http, https and noProxy. Paths are absolute, names unique; a key that means nothing for
// the scheme of `match` is refused. Errors stay in `config`.
std::vector<OriginConfig> ReadOrigins(YamlReader& config);

}  // namespace ballast
