#include "base/check.h"
#include "core/testing/splice.h"
#include "daemon/config.h"
#include "swarm/member_list.h"

constexpr std::string_view kExample = R"(node: n1
cache: {dir: /c, quota: 1Gi, minAvailable: 2Mi}
socket: {path: /s, mode: "0600", group: staff}
http: {address: "[::1]:9420"}
manifests: /m
origins: [{name: hub, match: "hf://", endpoint: "https://mirror.example/x"}]
volumes: {sources: ["hf://*", "https://files.example/*"]}
limits: {originBytesPerSecond: 3Mi, uploadBytesPerSecond: 1Gi}
swarm:
  listen: {address: "::", controlPort: 1, dataPort: 2}
  members: [{name: n1, host: 10.0.0.1, zone: a}, {name: n2}]
  dns: {name: swarm.example, self: 10.0.0.1, interval: 2s}
  tls: {ca: /a, certificate: /b, key: /c}
fetch: {streams: 4, models: 2}
updates: {poll: 2s}
)";

constexpr std::string_view kMembers = R"(members:
- {name: n1, host: 10.0.0.1, zone: rack-1, controlPort: 7, dataPort: 8}
- {name: n2, host: "fd00::1"}
)";

namespace {

void TryMembers(const uint8_t* data, size_t size) {
  const auto members = ballast::ParseMembers(ballast::FuzzInput(data, size, kMembers), "members.yaml");
  if (!members.ok()) return;
  BALLAST_CHECK(ballast::MemberList::Of(*members).ok()) << "accepted members make a list";
}

void TrySwarm(const ballast::SwarmConfig& swarm) {
  const int sources =
      (swarm.members.empty() ? 0 : 1) + (swarm.members_file.empty() ? 0 : 1) + (swarm.dns.name.empty() ? 0 : 1);
  BALLAST_CHECK(sources == 1) << "one says who is in the swarm";
  BALLAST_CHECK(swarm.plaintext == swarm.tls.key.empty()) << "no encryption only where that was asked for";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {  // NOLINT(readability-identifier-naming)
  TryMembers(data, size);
  const auto config = ballast::ParseConfig(ballast::FuzzInput(data, size, kExample), "fuzz.yaml");
  if (!config.ok()) return 0;
  if (config->swarm) TrySwarm(*config->swarm);
  BALLAST_CHECK(config->cache.dir.starts_with('/') && config->socket.path.starts_with('/'))
      << "an accepted path is absolute";
  BALLAST_CHECK(config->fetch.streams >= 1 && config->fetch.models >= 1) << "an accepted number is in its range";
  BALLAST_CHECK((config->socket.mode & ~0666U) == 0) << "an accepted mode is one";
  return 0;
}
