#include "daemon/config.h"

#include <sys/un.h>

#include "api/object_meta.h"
#include "api/yaml_reader.h"
#include "api/yaml_value.h"
#include "base/small_file.h"
#include "base/strings.h"
#include "core/glob.h"
#include "http/http_server.h"
#include "swarm/dns_membership.h"

namespace ballast {
namespace {

void ReadAbsolute(YamlReader& yaml, std::string_view key, std::string& path) {
  yaml.String(key, path);
  if (yaml.Has(key) && !path.starts_with('/')) yaml.Fail(key, StrCat(Quoted(path), " must be an absolute path"));
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
}

void ReadCache(YamlReader& yaml, DaemonConfig& config) {
  ReadAbsolute(yaml, "dir", config.cache.dir);
  yaml.Bytes("quota", config.cache.quota);
  yaml.Bytes("minAvailable", config.cache.min_available);
  yaml.Int("highThresholdPercent", 1, 100, config.cache.high_threshold_percent);
  config.cache.low_threshold_percent = config.cache.high_threshold_percent;
  yaml.Int("lowThresholdPercent", 1, 100, config.cache.low_threshold_percent);
  if (config.cache.low_threshold_percent > config.cache.high_threshold_percent)
    yaml.Fail("lowThresholdPercent", "must not be above highThresholdPercent");
  if (config.cache.dir == "/") yaml.Fail("dir", "must be a folder of its own, not the root of the file system");
}

void ReadEviction(YamlReader& yaml, DaemonConfig& config) {
  yaml.Duration("interval", config.eviction.interval);
  if (config.eviction.interval < std::chrono::seconds(1)) yaml.Fail("interval", "must be at least 1s");
  if (!yaml.Has("unusedFor")) return;
  yaml.Duration("unusedFor", config.eviction.unused_for.emplace());
}

// Written as chmod takes it; in YAML 0660 is a number, so both spellings are read as text.
void ReadMode(YamlReader& yaml, uint32_t& mode) {
  if (!yaml.Has("mode")) return;
  const std::string text = yaml.Text("mode");
  uint32_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '7' || text.size() > 4)
      return yaml.Fail("mode", StrCat(Quoted(text), " is no file mode; write it as \"0660\""));
    value = value * 8 + static_cast<uint32_t>(digit - '0');
  }
  if ((value & 0600) != 0600 || (value & ~0666U) != 0)
    return yaml.Fail(
        "mode", StrCat(Quoted(text), " must let the owner read and write and nobody execute; write it as \"0660\""));
  mode = value;
}

void ReadSocket(YamlReader& yaml, DaemonConfig& config) {
  ReadAbsolute(yaml, "path", config.socket.path);
  ReadMode(yaml, config.socket.mode);
  yaml.String("group", config.socket.group);
  if (config.socket.path.size() >= sizeof(sockaddr_un::sun_path)) {
    yaml.Fail("path", StrCat("has ", config.socket.path.size(), " bytes; the system takes at most ",
                             sizeof(sockaddr_un::sun_path) - 1, " for a socket"));
  }
}

void ReadHttp(YamlReader& yaml, DaemonConfig& config) {
  yaml.String("address", config.http.address);
  if (!config.http.address.empty()) yaml.Check("address", ParseListenAddress(config.http.address).status());
}

void ReadMetrics(YamlReader& yaml, DaemonConfig& config) {
  std::string auth = "none";
  yaml.Choice("auth", {"none", "kubernetes"}, auth);
  config.guard_metrics = auth == "kubernetes";
}

void ReadVolumes(YamlReader& yaml, DaemonConfig& config) {
  yaml.Strings("sources", config.volumes.sources);
  for (const std::string& source : config.volumes.sources) {
    if (!source.starts_with("hf://") && !source.starts_with("file://") && !source.starts_with("https://")) {
      yaml.Fail("sources", StrCat(Quoted(source), " is no pattern of sources; write \"hf://*\" or \"hf://org/*\""));
    }
    yaml.Check("sources", PathFilter{.include = {source}}.Validate());
  }
}

void ReadKubernetes(YamlReader& yaml, DaemonConfig& config) {
  KubernetesConfig& kubernetes = config.kubernetes.emplace();
  yaml.String("namespace", kubernetes.ns);
  yaml.Check("namespace", CheckObjectName(kubernetes.ns));
  ReadAbsolute(yaml, "ca", kubernetes.ca);
  ReadAbsolute(yaml, "token", kubernetes.token);
  if (!yaml.Text("access").empty()) ReadAbsolute(yaml, "access", kubernetes.access);
}

SwarmConfig ReadSwarmOf(YamlReader& yaml, const DaemonConfig& config) {
  return config.kubernetes ? ReadSwarmInCluster(yaml, config.cache.dir + "/identity") : ReadSwarm(yaml);
}

// Who wants what comes from one place.
void CheckOneMaster(YamlReader& yaml, const DaemonConfig& config) {
  if (!config.kubernetes) return;
  if (!config.manifests.empty())
    yaml.Fail("manifests",
              "is set beside kubernetes: there the node's CacheNode says what it holds; remove one of them");
  if (!config.volumes.sources.empty())
    yaml.Fail("volumes", "is set beside kubernetes: there the tenants of the CachePolicy say it; remove it");
}

// The apiserver knows who asks, and the certificate that is shown to them is the swarm's.
void CheckMetricsCanBeGuarded(YamlReader& yaml, const DaemonConfig& config) {
  if (config.guard_metrics && !(config.kubernetes && config.swarm))
    yaml.Fail("metrics",
              "auth: kubernetes needs the sections kubernetes and swarm beside it; outside of Kubernetes let "
              "http.address be one that only your scraper reaches");
}

void ReadLimits(YamlReader& yaml, DaemonConfig& config) {
  yaml.Bytes("uploadBytesPerSecond", config.limits.upload_bytes_per_second);
  yaml.Bytes("downloadBytesPerSecond", config.limits.download_bytes_per_second);
  yaml.Bytes("originBytesPerSecond", config.limits.origin_bytes_per_second);
  yaml.Bytes("prewarmBytesPerSecond", config.limits.prewarm_bytes_per_second);
}

// In a swarm found by DNS an address is a name, for good.
void CheckNodeIsItsAddress(YamlReader& yaml, const DaemonConfig& config) {
  if (!config.swarm || config.swarm->dns.self.empty() || config.node.empty()) return;
  const Result<std::string> name = NodeNameOfAddress(config.swarm->dns.self);
  if (name.ok() && *name != config.node)
    yaml.Fail("node",
              StrCat("must be ", Quoted(*name), ", or be left out: with swarm.dns a node's name is its address"));
}

DaemonConfig Read(YamlReader& yaml) {
  DaemonConfig config;
  yaml.String("node", config.node);
  yaml.Object("cache", [&](YamlReader& cache) { ReadCache(cache, config); });
  yaml.Object("eviction", [&](YamlReader& eviction) { ReadEviction(eviction, config); });
  yaml.Object("scrub",
              [&](YamlReader& scrub) { scrub.Bytes("bytesPerSecond", config.eviction.scrub_bytes_per_second); });
  yaml.Object("pageCache", [&](YamlReader& cache) {
    cache.Duration("dropAfter", config.page_cache.drop_after);
    cache.Int("warmPercent", 1, 90, config.page_cache.warm_percent);
  });
  yaml.Object("socket", [&](YamlReader& socket) { ReadSocket(socket, config); });
  yaml.Object("http", [&](YamlReader& http) { ReadHttp(http, config); });
  yaml.Object("metrics", [&](YamlReader& metrics) { ReadMetrics(metrics, config); });
  ReadAbsolute(yaml, "manifests", config.manifests);
  config.origins = ReadOrigins(yaml);
  yaml.Object("volumes", [&](YamlReader& volumes) { ReadVolumes(volumes, config); });
  yaml.Object("kubernetes", [&](YamlReader& kubernetes) { ReadKubernetes(kubernetes, config); });
  yaml.Object("swarm", [&](YamlReader& swarm) { config.swarm = ReadSwarmOf(swarm, config); });
  yaml.Object("limits", [&](YamlReader& limits) { ReadLimits(limits, config); });
  yaml.Object("fetch", [&](YamlReader& fetch) {
    fetch.Int("streams", 1, 64, config.fetch.streams);
    fetch.Int("models", 1, 64, config.fetch.models);
  });
  yaml.Object("updates", [&](YamlReader& updates) {
    updates.Duration("poll", config.poll);
    if (config.poll < std::chrono::seconds(1)) updates.Fail("poll", "must be at least 1s");
  });
  CheckNodeIsItsAddress(yaml, config);
  CheckOneMaster(yaml, config);
  CheckMetricsCanBeGuarded(yaml, config);
  return config;
}

}  // namespace

Result<DaemonConfig> ParseConfig(std::string_view text, const std::string& file) {
  ASSIGN_OR_RETURN(const std::vector<YamlValue> documents, ParseYaml(text, file));
  if (documents.empty()) return DaemonConfig{};
  if (documents.size() > 1)
    return InvalidArgument(StrCat(file, ":", documents[1].line, ": a second document; a configuration is one"));
  YamlReader reader(documents.front(), file);
  DaemonConfig config = Read(reader);
  RETURN_IF_ERROR(reader.Finish());
  return config;
}

Result<DaemonConfig> LoadConfig(const std::string& file) {
  Result<std::string> text = ReadSmallFile(file, kMaxYamlBytes);
  if (!text.ok()) return text.status().WithContext("cannot read the configuration; name another with --config FILE");
  return ParseConfig(*text, file);
}

}  // namespace ballast
