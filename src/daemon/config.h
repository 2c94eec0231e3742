// The configuration of ballastd: ballast.yaml as a struct. ballast.example.yaml beside this file explains each key.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/origin_config.h"
#include "base/status.h"
#include "daemon/swarm_config.h"

namespace ballast {

// Present: this node follows its CacheNode instead of a manifests folder.
struct KubernetesConfig {
  std::string ns = "ballast-system";          // of the release
  std::string ca = "/etc/ballast/ca/ca.crt";  // whom to trust as the operator; may appear later
  std::string token =
      "/var/run/secrets/ballast.dev/token";  // who this node is, for the operator; renewed by the kubelet
  std::string access;                        // a kubeconfig; "" = as the pod that this is
};

struct DaemonConfig {
  std::string node;     // "" = the host's name
  std::string address;  // of this pod, which other nodes reach; with `kubernetes` only
  struct {
    std::string dir = "/var/lib/ballast";
    uint64_t quota = 0;                    // bytes; 0 = none
    uint64_t min_available = 10ULL << 30;  // bytes of its file system that stay free
    // Percent of its file system, whoever took them: eviction begins at the one and ends at the other. 100 = never
    int32_t high_threshold_percent = 100;
    int32_t low_threshold_percent = 100;
  } cache;
  struct {
    std::chrono::milliseconds interval = std::chrono::minutes(15);
    std::optional<std::chrono::milliseconds> unused_for;  // nullopt = only when room is needed
    uint64_t scrub_bytes_per_second = 16ULL << 20;        // stored bytes are read again so fast; 0 = never
  } eviction;
  struct {
    std::chrono::milliseconds drop_after = std::chrono::hours(1);  // that a model is unused; 0 = never
    int32_t warm_percent = 50;                                     // of the memory that is available
  } page_cache;
  struct {
    std::string path = "/run/ballast/ballastd.sock";
    uint32_t mode = 0660;
    std::string group;  // "" = the daemon's own
  } socket;
  struct {
    std::string address = "127.0.0.1:9420";  // "" = no HTTP
  } http;
  bool guard_metrics = false;  // metrics.auth: kubernetes
  std::string manifests;       // folder; "" = none
  std::vector<OriginConfig> origins;
  struct {
    std::vector<std::string> sources;  // which inline sources volumes may name: "hf://*", "hf://org/*"
  } volumes;
  std::optional<KubernetesConfig> kubernetes;
  std::optional<SwarmConfig> swarm;
  struct {
    uint64_t upload_bytes_per_second = 0;    // to other nodes; 0 = no limit, also below
    uint64_t download_bytes_per_second = 0;  // from everywhere
    uint64_t origin_bytes_per_second = 0;    // of it from origins
    uint64_t prewarm_bytes_per_second = 0;   // of it for models that nobody waits for
  } limits;
  struct {
    int32_t streams = 16;  // connections per model
    int32_t models = 4;    // downloads at once
  } fetch;
  std::chrono::milliseconds poll{std::chrono::minutes(5)};  // updatePolicy Automatic asks its origin this often
};

// InvalidArgument "FILE:LINE: key: what is wrong, and what is right". An unknown key is an error that offers the
// nearest.
Result<DaemonConfig> ParseConfig(std::string_view yaml, const std::string& file);

// Reads and parses; NotFound and PermissionDenied say how to name another file.
Result<DaemonConfig> LoadConfig(const std::string& file);

}  // namespace ballast
