#include "daemon/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "base/small_file.h"

namespace ballast {
namespace {

std::string ErrorOf(const std::string& yaml) {
  const auto config = ParseConfig(yaml, "ballast.yaml");
  if (config.ok()) return "it was accepted";
  EXPECT_EQ(config.status().code(), StatusCode::kInvalidArgument);
  return config.status().message();
}

TEST(ConfigTest, AnEmptyFileIsTheDefaults) {
  const DaemonConfig config = ParseConfig("# nothing\n", "ballast.yaml").value();
  EXPECT_EQ(config.cache.dir, "/var/lib/ballast");
  EXPECT_EQ(config.socket.mode, 0660U);
  EXPECT_TRUE(config.volumes.sources.empty());
}

TEST(ConfigTest, EveryKeyIsRead) {
  const DaemonConfig config = ParseConfig(R"(
node: n1
cache: {dir: /c/, quota: 1Gi, minAvailable: 2Mi, highThresholdPercent: 80, lowThresholdPercent: 70}
eviction: {interval: 1m, unusedFor: 2h}
scrub: {bytesPerSecond: 1Mi}
pageCache: {dropAfter: 2m, warmPercent: 30}
socket: {path: /s, mode: 0600, group: staff}
http: {address: "[::1]:1"}
manifests: /m
origins: [{name: hub, match: "hf://", endpoint: "http://127.0.0.1:5/x/", allowPrivateAddresses: true}]
volumes: {sources: ["hf://*"]}
limits: {originBytesPerSecond: 3Mi, uploadBytesPerSecond: 4Mi, downloadBytesPerSecond: 5Mi, prewarmBytesPerSecond: 6Mi}
fetch: {streams: 4, models: 2}
updates: {poll: 2s}
)",
                                          "ballast.yaml")
                                  .value();
  EXPECT_EQ(config.node, "n1");
  EXPECT_EQ(config.cache.dir, "/c");
  EXPECT_EQ(config.cache.quota, 1U << 30);
  EXPECT_EQ(config.cache.min_available, 2U << 20);
  EXPECT_EQ(config.cache.high_threshold_percent, 80);
  EXPECT_EQ(config.cache.low_threshold_percent, 70);
  EXPECT_EQ(config.eviction.interval, std::chrono::minutes(1));
  EXPECT_EQ(config.eviction.unused_for, std::chrono::hours(2));
  EXPECT_EQ(config.eviction.scrub_bytes_per_second, 1U << 20);
  EXPECT_EQ(config.page_cache.drop_after, std::chrono::minutes(2));
  EXPECT_EQ(config.page_cache.warm_percent, 30);
  EXPECT_EQ(config.socket.path, "/s");
  EXPECT_EQ(config.socket.mode, 0600U);
  EXPECT_EQ(config.socket.group, "staff");
  EXPECT_EQ(config.http.address, "[::1]:1");
  EXPECT_EQ(config.manifests, "/m");
  ASSERT_EQ(config.origins.size(), 1U);
  EXPECT_EQ(config.origins[0].endpoint, "http://127.0.0.1:5/x");
  EXPECT_EQ(config.volumes.sources, std::vector<std::string>{"hf://*"});
  EXPECT_EQ(config.limits.origin_bytes_per_second, 3U << 20);
  EXPECT_EQ(config.limits.upload_bytes_per_second, 4U << 20);
  EXPECT_EQ(config.limits.download_bytes_per_second, 5U << 20);
  EXPECT_EQ(config.limits.prewarm_bytes_per_second, 6U << 20);
  EXPECT_FALSE(config.swarm);
  EXPECT_EQ(config.fetch.streams, 4);
  EXPECT_EQ(config.fetch.models, 2);
  EXPECT_EQ(config.poll, std::chrono::seconds(2));
}

TEST(ConfigTest, MetricsAreGuardedInKubernetesOnly) {
  EXPECT_FALSE(ParseConfig("", "x").value().guard_metrics);
  EXPECT_FALSE(ParseConfig("metrics: {auth: none}", "x").value().guard_metrics);
  EXPECT_TRUE(
      ParseConfig("metrics: {auth: kubernetes}\nkubernetes: {namespace: a}\nswarm: {listen: {address: 0.0.0.0}}", "x")
          .value()
          .guard_metrics);
  for (const char* alone : {"metrics: {auth: kubernetes}", "metrics: {auth: kubernetes}\nkubernetes: {namespace: a}"})
    EXPECT_THAT(ErrorOf(alone), ::testing::HasSubstr("needs the sections kubernetes and swarm")) << alone;
  EXPECT_THAT(ErrorOf("metrics: {auth: basic}"), ::testing::HasSubstr("metrics.auth"));
}

TEST(ConfigTest, InKubernetesTheClusterSaysWhoIsInTheSwarmAndWhatIsWanted) {
  const DaemonConfig config = ParseConfig(R"(
cache: {dir: /c}
kubernetes: {namespace: models, ca: /ca.crt, token: /token, access: /kubeconfig}
swarm: {listen: {controlPort: 1, dataPort: 2}}
)",
                                          "ballast.yaml")
                                  .value();
  ASSERT_TRUE(config.kubernetes);
  EXPECT_EQ(config.kubernetes->ns, "models");
  EXPECT_EQ(config.kubernetes->ca, "/ca.crt");
  EXPECT_EQ(config.kubernetes->token, "/token");
  EXPECT_EQ(config.kubernetes->access, "/kubeconfig");
  EXPECT_EQ(config.swarm->listen.control_port, 1);
  EXPECT_EQ(config.swarm->tls.certificate, "/c/identity/tls.crt");
  EXPECT_EQ(ParseConfig("kubernetes: {namespace: a}", "f")->kubernetes->token, "/var/run/secrets/ballast.dev/token");
  EXPECT_EQ(
      ErrorOf("kubernetes: {namespace: a}\nmanifests: /m\n"),
      "ballast.yaml:2: manifests: is set beside kubernetes: there the node's CacheNode says what it holds; remove "
      "one of them");
  EXPECT_EQ(ErrorOf("kubernetes: {namespace: a}\nswarm: {plaintext: true}\n"),
            "ballast.yaml:2: swarm.plaintext: is set beside kubernetes, where it comes from the cluster; remove it");
}

// What a person reads who mistyped something. The text is the interface.
TEST(ConfigTest, ErrorsNameFileLineKeyAndRemedy) {
  EXPECT_EQ(ErrorOf("cache:\n  dri: /x\n"), "ballast.yaml:2: cache: unknown key \"dri\"; did you mean \"dir\"?");
  EXPECT_EQ(ErrorOf("cache: {dir: cache}\n"), "ballast.yaml:1: cache.dir: \"cache\" must be an absolute path");
  EXPECT_EQ(ErrorOf("cache: {dir: /}\n"),
            "ballast.yaml:1: cache.dir: must be a folder of its own, not the root of the file system");
  EXPECT_EQ(ErrorOf("socket:\n  mode: rw\n"),
            "ballast.yaml:2: socket.mode: \"rw\" is no file mode; write it as \"0660\"");
  EXPECT_EQ(ErrorOf("socket:\n  mode: \"0777\"\n"),
            "ballast.yaml:2: socket.mode: \"0777\" must let the owner read and write and nobody execute; write it as "
            "\"0660\"");
  EXPECT_EQ(ErrorOf("http: {address: localhost}\n"),
            "ballast.yaml:1: http.address: \"localhost\" is no address to listen on; write it as 127.0.0.1:9420 or "
            "[::1]:9420");
  EXPECT_EQ(ErrorOf("volumes:\n  sources: [\"*\"]\n"),
            "ballast.yaml:2: volumes.sources: \"*\" is no pattern of sources; write \"hf://*\" or \"hf://org/*\"");
  EXPECT_EQ(ErrorOf("node: a\n---\nnode: b\n"), "ballast.yaml:3: a second document; a configuration is one");
  EXPECT_EQ(ErrorOf("updates: {poll: 10ms}\n"), "ballast.yaml:1: updates.poll: must be at least 1s");
}

TEST(ConfigTest, AFileThatIsNotThereSaysHowToNameAnother) {
  const auto config = LoadConfig("/nowhere/ballast.yaml");
  EXPECT_EQ(config.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(config.status().message(), ::testing::HasSubstr("--config FILE"));
}

TEST(ConfigTest, TheExampleFileIsValidAndItsValuesAreTheDefaults) {
  const DaemonConfig example = LoadConfig(BALLAST_EXAMPLE_CONFIG).value();
  const DaemonConfig defaults;
  EXPECT_EQ(example.cache.dir, defaults.cache.dir);
  EXPECT_EQ(example.cache.min_available, defaults.cache.min_available);
  EXPECT_EQ(example.socket.path, defaults.socket.path);
  EXPECT_EQ(example.socket.mode, defaults.socket.mode);
  EXPECT_EQ(example.http.address, defaults.http.address);
  EXPECT_EQ(example.fetch.streams, defaults.fetch.streams);
  EXPECT_EQ(example.fetch.models, defaults.fetch.models);
  EXPECT_EQ(example.poll, defaults.poll);
}

// The block `swarm` of the example file without the comment signs before it, and without the lines that begin with one
// of `without`; the keys of `instead` are no comments either.
std::string SwarmExample(const std::vector<std::string>& without = {}, const std::string& instead = "") {
  std::ifstream file(BALLAST_EXAMPLE_CONFIG);
  std::string text;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("# swarm:") && (text.empty() || !line.starts_with("# "))) {
      if (!text.empty()) break;
      continue;
    }
    line = line.substr(2);
    const auto begins = [&line](const std::string& with) { return line.starts_with(with); };
    if (std::any_of(without.begin(), without.end(), begins)) continue;
    if (!instead.empty() && begins("  # " + instead)) line.erase(2, 2);
    text += line + "\n";
  }
  return text;
}

TEST(ConfigTest, TheExampleOfASwarmIsValidInEachOfItsForms) {
  const std::vector<std::string> members = {"  members:", "  - {"}, tls = {"  tls:", "    "};
  const auto listed = ParseConfig(SwarmExample(), "example");
  ASSERT_TRUE(listed.ok()) << listed.status();
  const SwarmConfig defaults;
  EXPECT_EQ(listed->swarm->listen.address, defaults.listen.address);
  EXPECT_EQ(listed->swarm->listen.control_port, defaults.listen.control_port);
  EXPECT_EQ(listed->swarm->listen.data_port, defaults.listen.data_port);
  EXPECT_EQ(listed->swarm->members.size(), 2U);
  const auto file = ParseConfig(SwarmExample(members, "membersFile"), "example");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_FALSE(file->swarm->members_file.empty());
  const auto dns = ParseConfig(SwarmExample(members, "dns"), "example");
  ASSERT_TRUE(dns.ok()) << dns.status();
  EXPECT_EQ(dns->swarm->dns.interval, defaults.dns.interval);
  const auto plaintext = ParseConfig(SwarmExample(tls, "plaintext"), "example");
  ASSERT_TRUE(plaintext.ok()) << plaintext.status();
  EXPECT_TRUE(plaintext->swarm->plaintext);
}

}  // namespace
}  // namespace ballast
