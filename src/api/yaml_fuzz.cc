// Any bytes as a configuration with origins. Rules: no crash; what is refused is refused by one printable line.
#include <algorithm>

#include "api/origin_config.h"
#include "api/yaml_reader.h"
#include "base/check.h"
#include "core/testing/splice.h"

constexpr std::string_view kExample = R"(origins:
- name: hub
  match: hf://
  endpoint: https://mirror.example/prefix/
  caBundle: &x /etc/ca.crt
  proxy: {http: "http://p:3128", https: 'http://user:pw@p:3128', noProxy: [.example, 10.0.0.0/8]}
  tokenFile: *x
  allowPrivateAddresses: true
  maxConnections: 16
- {name: folder, match: "file://", roots: [/srv/models, /mnt]}
)";

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ballast::Status;
  const auto is_printable = [](const Status& status) {
    return std::none_of(status.message().begin(), status.message().end(), [](char c) { return c >= 0 && c < 0x20; });
  };
  const auto documents = ballast::ParseYaml(ballast::FuzzInput(data, size, kExample), "f.yaml");
  BALLAST_CHECK(is_printable(documents.status())) << documents.status();
  if (!documents.ok()) return 0;
  for (const ballast::YamlValue& document : *documents) {
    ballast::YamlReader reader(document, "f.yaml");
    const std::vector<ballast::OriginConfig> origins = ballast::ReadOrigins(reader);
    BALLAST_CHECK(is_printable(reader.Finish())) << reader.Finish();
    for (const ballast::OriginConfig& origin : origins) BALLAST_CHECK(origin.max_connections >= 1);
  }
  return 0;
}
