#include "base/check.h"
#include "core/testing/splice.h"
#include "daemon/config.h"

constexpr std::string_view kExample = R"(node: n1
cache: {dir: /c, quota: 1Gi, minAvailable: 2Mi}
socket: {path: /s, mode: "0600", group: staff}
http: {address: "[::1]:9420"}
manifests: /m
origins: [{name: hub, match: "hf://", endpoint: "https://mirror.example/x"}]
volumes: {sources: ["hf://*", "https://files.example/*"]}
limits: {originBytesPerSecond: 3Mi}
fetch: {streams: 4, models: 2}
updates: {poll: 2s}
)";

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {  // NOLINT(readability-identifier-naming)
  const auto config = ballast::ParseConfig(ballast::FuzzInput(data, size, kExample), "fuzz.yaml");
  if (!config.ok()) return 0;
  BALLAST_CHECK(config->cache.dir.starts_with('/') && config->socket.path.starts_with('/'))
      << "an accepted path is absolute";
  BALLAST_CHECK(config->fetch.streams >= 1 && config->fetch.models >= 1) << "an accepted number is in its range";
  BALLAST_CHECK((config->socket.mode & ~0666U) == 0) << "an accepted mode is one";
  return 0;
}
